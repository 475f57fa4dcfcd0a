import asyncio
import io
import re
from datetime import date
from pathlib import Path

import pexpect
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer import Answers
from bot.platforms.terminal.adapter import Terminal
from bot.platforms.terminal.cells import cell_len
from bot.platforms.terminal.render import BUDGET, render, visible
from bot.platforms.terminal.render import payload as plain
from bot.platforms.terminal.screen import Screen
from briefings.company import company_briefing
from briefings.document import Break, Choice, Choices, Document, SourceEntry, Statement
from briefings.paginate import paginate
from tests.builders import AIRSHIPS, TODAY, airships, curated, edition

ROOT = Path(__file__).parent.parent
KNOWN = airships()


STYLE = re.compile("\x1b\\[[0-9;]*m")


class Coloured(io.StringIO):
    """Is a terminal."""

    def isatty(self) -> bool:
        return True


def told(lines: str) -> str:
    """Returns what a pipe gets for these lines."""
    out = io.StringIO()
    terminal = Terminal(io.StringIO(lines), out)
    asyncio.run(terminal.serve(Answers(lambda: KNOWN, lambda: TODAY)))
    return out.getvalue()


def test_a_pipe_gets_one_answer_a_line_without_colours_or_wrapping() -> None:
    out = told("/company zephyr\n\n/theme helium\n")
    assert out.count("Zephyr Airships\n") == 1
    assert "Helium was scarce. [1]\n" in out
    assert "\x1b" not in out
    assert "Zephyr Airships carried" not in out, "the second page was not asked for"


def test_a_pipe_is_answered_whatever_its_lines_are() -> None:
    out = told("\x00\n🙂\n/company\nzephyr\n/company zephyr page:99\n")
    assert "“🙂” is no command" in out
    assert "Write /company NAME [as_of:DATE], for example /company Zephyr Airships." in out
    assert "/company zephyr" in out
    assert "Page 2 of 2" in out


def test_reading_ends_at_a_farewell() -> None:
    assert told("quit\n/help\n") == ""


def test_a_page_turns_by_the_command_that_it_shows() -> None:
    assert "/company zephyr page:2" in told("/company zephyr\n")
    assert "Page 2 of 2" in told("/company zephyr page:2\n")


def test_an_address_is_never_broken_over_two_rows() -> None:
    document = company_briefing(edition(KNOWN), KNOWN.company_names.find("zephyr"))
    addresses = [line for line in render(document, numbered=True) if "https://" in line.plain]
    assert addresses
    assert all(line.unbroken for line in addresses)


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("plain", 5), ("“so”", 4), ("腾讯 QQ", 7), ("e\u0301", 1), ("a\u200db", 2), ("🙂", 2)],
)
def test_a_wide_letter_takes_two_columns_and_a_mark_none(text: str, columns: int) -> None:
    assert cell_len(text) == columns


@given(st.text(), st.text())
def test_texts_side_by_side_take_the_columns_of_both(one: str, other: str) -> None:
    assert cell_len(one + other) == cell_len(one) + cell_len(other)


def test_no_number_is_parted_from_its_choice() -> None:
    many = Choices("Themes", tuple(Choice(f"A theme with a name {n}", f"/theme t{n}") for n in range(9)))
    lines = [line.plain for line in render(Document("T", "S", "/help", (many,)), numbered=True)]
    assert all(len(line) <= 76 for line in lines)
    assert all(any(f"{n + 1} A theme with a name {n}" in line for line in lines) for n in range(9))


def test_control_characters_cannot_reach_the_terminal() -> None:
    nasty = "\x1b[31mred\x07\u202e\u200b\ud800"
    document = Document(
        nasty,
        nasty,
        "/help",
        (Statement(nasty, (1,), nasty, "c", 0), Choices(nasty, (Choice(nasty, "/x", nasty),))),
        (SourceEntry(1, nasty, nasty, nasty, nasty, nasty, "https://x.example"),),
    )
    screen = Coloured()
    Screen(screen).show(document, numbered=True)
    text = plain(document) + "".join(line.plain for line in render(document, numbered=True))
    text += STYLE.sub("", screen.getvalue())
    assert text.count("red") >= 3 * 9
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\ud800-\udfff]", text)
    assert visible("Tencent · 腾讯") == "Tencent · 腾讯"


@pytest.mark.parametrize("slug", sorted(curated().companies))
def test_the_brief_fits_a_phone_screen_and_a_half(slug: str) -> None:
    known = curated()
    document = company_briefing(edition(known, date(2026, 11, 22)), known.company_names.find(slug))
    page = paginate(document, BUDGET)[0]
    rows = 0
    for line in render(page, numbered=True):
        if line.plain.startswith(("Pages", "[1]")):
            break
        rows += 1 + (line.indent + cell_len(line.plain)) // 52
    assert rows <= 60, "a phone shows about 40 rows of 52 characters"


def test_the_brief_of_every_company_is_one_page() -> None:
    known = curated()
    for slug in known.companies:
        document = company_briefing(edition(known), known.company_names.find(slug))
        until_break = document.blocks.index(Break()) if Break() in document.blocks else len(document.blocks)
        first = paginate(document, BUDGET)[0]
        assert [b for b in first.blocks if b in document.blocks] == list(document.blocks[:until_break])


PROMPT = "briefbot>"


class Prompt:
    """Is a person at the prompt of the real program."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.child = pexpect.spawn(
            str(ROOT / ".venv/bin/briefbot"),
            ["run", "--knowledge", str(AIRSHIPS)],
            env={
                "TERM": "xterm",
                "PATH": "/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "PROMPT_TOOLKIT_NO_CPR": "1",
                "BRIEFBOT_DATA_DIR": str(folder),
            }
            | environment,
            encoding="utf-8",
            timeout=90,
            dimensions=(60, 80),
        )
        self.child.expect(PROMPT)

    def ask(self, line: str, answer: str) -> str:
        self.child.send(line + "\r")
        self.child.expect(answer)
        self.child.expect(PROMPT)
        return str(self.child.before)

    def leave(self) -> None:
        self.child.sendeof()
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert self.child.exitstatus == 0


def test_a_person_asks_chooses_by_number_and_leaves(tmp_path: Path) -> None:
    prompt = Prompt(tmp_path)
    prompt.ask("/company zephyr", "Home market: Ruritania")
    prompt.ask("1", "Flights for the view")
    prompt.ask("999", "is no number of a choice")
    prompt.ask("0000010", "is no number of a choice")
    prompt.leave()
    assert "/company zephyr" in (tmp_path / "history").read_text()


def test_the_prompt_completes_names(tmp_path: Path) -> None:
    prompt = Prompt(tmp_path)
    prompt.child.send("/company ze")
    prompt.child.expect(" Zephyr Airships ")
    prompt.child.send("\t")
    prompt.child.expect("phyr")
    prompt.child.send("\r")
    prompt.child.expect("Home market: Ruritania")
    prompt.child.expect(PROMPT)
    prompt.leave()


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_answers_have_colours_unless_the_reader_wants_none(
    tmp_path: Path, environment: dict[str, str], coloured: bool
) -> None:
    prompt = Prompt(tmp_path, **environment)
    prompt.child.send("/theme helium\r")
    prompt.child.expect("was scarce.")
    prompt.child.expect("https")
    assert ("\x1b[36m" in str(prompt.child.before)) is coloured
    prompt.child.expect(PROMPT)
    prompt.leave()


def test_an_interrupt_clears_the_line_and_the_program_stays(tmp_path: Path) -> None:
    prompt = Prompt(tmp_path)
    prompt.child.sendintr()
    prompt.child.expect(PROMPT)
    prompt.ask("/theme helium", "Helium was scarce")
    prompt.leave()


@pytest.mark.parametrize("in_the_way", ["a file", "a folder"])
def test_the_prompt_works_where_no_history_can_be_written(tmp_path: Path, in_the_way: str) -> None:
    if in_the_way == "a file":
        (tmp_path / "data").write_text("in the way")
    else:
        (tmp_path / "data" / "history").mkdir(parents=True)
    prompt = Prompt(tmp_path / "data")
    prompt.ask("/theme helium", "Helium was scarce")
    prompt.leave()
