import ast
import asyncio
import re
from pathlib import Path

import pytest

from bot.answer import Answers
from bot.commands import MENU, examples
from bot.platforms.terminal.render import payload as plain
from briefings.document import choices
from knowledge.folding import fold, folded_words
from tests.builders import TODAY, airships, curated

ROOT = Path(__file__).parent.parent
KNOWN = airships()
CORE = Answers(lambda: KNOWN, lambda: TODAY)
CURATED_NAMES = {fold(name) for c in curated().companies.values() for name in (c.names.en, c.names.zh or "")} - {""}


def reachable() -> dict[str, str]:
    """Asks every example and every choice offered in an answer, and returns all answers by command."""
    told: dict[str, str] = {}
    waiting = ["/help", *(f"/{command.item.name}" for command in MENU), *examples(KNOWN)]
    while waiting:
        line = waiting.pop()
        if line not in told:
            document = asyncio.run(CORE.answer_line(line)).document
            told[line] = plain(document)
            waiting += (choice.command for choice in choices(document))
    return told


def test_every_command_works_on_a_knowledge_of_another_field() -> None:
    told = reachable()
    assert {f"/company {slug}" for slug in KNOWN.companies} <= set(told)
    assert {f"/theme {slug}" for slug in KNOWN.themes} <= set(told)
    for claim in KNOWN.claims.values():
        shown = any(claim.text in answer for answer in told.values())
        assert shown is (claim.retracted is None)


def test_no_answer_of_another_field_speaks_of_what_is_curated() -> None:
    for answer in reachable().values():
        assert "china" not in answer.casefold()
        assert not CURATED_NAMES & set(folded_words(answer))


def test_the_help_offers_examples_of_this_field() -> None:
    assert examples(KNOWN) == [
        "/company Zephyr Airships", "/theme Sky tourism", "/compare Zephyr Airships, Nimbus Lines", "/search Sky tourism",
        "/changes", "/timeline Zephyr Airships", "/spot Zephyr Airships, Nimbus Lines", "/companies", "/themes",
        "/source gazette-2031",
    ]  # fmt: skip


def code_texts(path: Path) -> list[str]:
    """Returns every text in a source file that is not a docstring."""
    tree = ast.parse(path.read_text())
    described = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    constants = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in described)
    return [node.value for node in constants if isinstance(node.value, str)]


@pytest.mark.parametrize("floor", ["bot", "briefings", "knowledge"])
def test_nothing_that_is_curated_stands_in_the_code(floor: str) -> None:
    files = [*(ROOT / floor).rglob("*.py"), *(ROOT / floor).rglob("*.j2")]
    assert files
    for path in files:
        texts = code_texts(path) if path.suffix == ".py" else [path.read_text()]
        for text in texts:
            assert not CURATED_NAMES & set(folded_words(text)), f"{path}: {text}"
            if path.name != "commands.py":
                assert not re.search(r"\bchin(a|ese)\b", text.casefold()), f"{path}: {text}"
