import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLE = (ROOT / "deploy/SECURITY.md").read_text()
ROWS = [line for line in TABLE.splitlines() if re.match(r"\| S\d+ \|", line)]


def test_every_row_of_the_security_list_is_there_once_in_order() -> None:
    assert [row.split("|")[1].strip() for row in ROWS] == [f"S{number}" for number in range(1, 22)]


def test_every_row_names_tests_that_there_are_and_says_which_are_long() -> None:
    for row in ROWS:
        named, path = 0, ""
        for word, long in re.findall(r"`(test_\w+(?:\.py)?)`( \(long\))?", row.rsplit("|", 2)[1]):
            if word.endswith(".py"):
                path = (ROOT / "tests" / word).read_text()
                continue
            found = re.search(rf"((?:^@.*\n|^[ )].*\n)*)^(?:async )?def {word}\(", path, re.MULTILINE)
            assert found, f"{row[:6]}: {word}"
            marked = re.search(r"pytest\.mark\.(long|soak)", found[1]) is not None
            assert marked == bool(long), f"{row[:6]}: {word}"
            named += 1
        assert named, row[:6]
