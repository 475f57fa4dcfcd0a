import ast
import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answer import Answers
from bot.commands import MENU
from bot.platforms.terminal.render import BUDGET
from bot.platforms.terminal.render import payload as plain
from bot.ports import Reply, Request
from briefings.document import Document, Statement, choices, statements
from briefings.paginate import page_at, paginate
from tests.builders import TODAY, airships, claim, company, knowing
from tests.generated import ROOT

KNOWN = airships()
CORE = Answers(lambda: KNOWN, lambda: TODAY)

NASTY = [
    "",
    " ",
    "x" * 10_000,
    "🙂🙃🙂",
    "!?.,;:-_/\\",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\u202ezephyr",
    "\u2066\u2067\u2068",
    "o" + "\u0301" * 10_000,
    "{{7*7}}",
    "{% for x in range(10**9) %}x{% endfor %}",
    "{{''.__class__.__mro__}}",
    "<!channel>",
    "<@U123|x>",
    "<https://evil.example|click>",
    "[click](https://evil.example)",
    "@everyone",
    "@here",
    "`rm -rf`",
    "'; DROP TABLE claims; --",
    "$(reboot)",
    "%s%s%s%n",
    "{0.__class__}",
    "../../etc/passwd",
    "(a+)+$" * 30,
    "a" * 60 + "!",
    "=cmd|'/c calc'!A0",
    "\x1b[31m\x1b]0;title\x07",
    "ﷺ" * 50,
    "Z̸̢͇a̷͔l̵g̶o̷",
    "腾" * 250,
    "\r\n/company zephyr",
    "null",
    "NaN",
    "-1",
    "page:2",
    "page:99999999999999999999",
    "page:-1",
    "zephyr page:٣",
]


def asked(line: str) -> Reply:
    return asyncio.run(CORE.answer_line(line))


def texts(document: Document) -> list[str]:
    return [document.title, document.summary, *plain(document).splitlines()]


def check_is_helpful_and_invents_nothing(reply: Reply, typed: str) -> None:
    document = reply.document
    assert reply.outcome != "failed"
    for statement in statements(*document.blocks):
        assert statement.citations
        assert statement.claim in KNOWN.claims
    pages = paginate(document, BUDGET)
    assert all(plain(page).encode("utf-8") for page in pages)
    assert page_at(document, BUDGET, reply.page) in pages
    if reply.outcome in ("unknown", "misused"):
        assert not any(isinstance(block, Statement) for block in document.blocks)
        assert len(plain(document)) < 1_200, "a short answer"
        shown = [line for line in texts(document) if "“" in line]
        for line in shown:
            assert len(line.split("“", 1)[1].rsplit("”", 1)[0]) <= 80
        assert any(command in plain(document) for command in ("/companies", "/help")), "a way on"


@pytest.mark.parametrize("typed", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("shape", ["{}", "/company {}", "/theme {}", "/source {}", "/help {}", "/{}"])
def test_nasty_input_gets_a_short_helpful_answer(shape: str, typed: str) -> None:
    check_is_helpful_and_invents_nothing(asked(shape.replace("{}", typed)), typed)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/compnay Zephyr", "/company Zephyr"),
        ("themse", "/themes"),
        ("/hlep", "/help"),
        ("\ufeff/company zephyr", None),
        ("/company zephyr page：2", None),
        ("/soruce leaflet", "/source leaflet"),
        ("/source leaf", "/source leaflet"),
        ("/source leeflet", "/source leaflet"),
        ("/source fly slowly", "/source leaflet"),
    ],
)
def test_what_is_nearly_a_command_or_an_id_is_offered(typed: str, offered: str | None) -> None:
    reply = asked(typed)
    if offered is None:
        assert reply.outcome == "answered"
    else:
        assert offered in {choice.command for choice in choices(reply.document)}


def test_nothing_typed_is_ever_run_as_a_template() -> None:
    assert "49" not in plain(asked("/company {{7*7}}").document)
    assert "{{7*7}}" in plain(asked("/company {{7*7}}").document)


def test_nothing_curated_is_ever_run_as_a_template() -> None:
    told = "{{7*7}} {% for x in range(10**9) %}x{% endfor %} {{''.__class__}}"
    known = knowing(claim("a", text=f"{told} holds.", attributed_to=told), companies=(company(en="{{7*7}} Ltd"),))
    core = Answers(lambda: known, lambda: TODAY)
    shown = "".join(
        plain(asyncio.run(core.answer_line(line)).document)
        for line in ("/company acme", "/why a", "/search holds", "/theme things", "/briefing", "/changes")
    )
    assert told in shown
    assert "{{7*7}} Ltd" in shown
    assert "49" not in shown
    assert "<class" not in shown


@given(st.text(max_size=300))
def test_any_line_is_answered_and_nothing_is_unsourced(line: str) -> None:
    check_is_helpful_and_invents_nothing(asked(line), line)


@given(st.sampled_from([command.item.name for command in MENU]), st.text(max_size=250))
def test_any_argument_is_answered_and_nothing_is_unsourced(command: str, typed: str) -> None:
    check_is_helpful_and_invents_nothing(asked(f"/{command} {typed}"), typed)


@given(
    st.one_of(st.sampled_from([command.item.name for command in MENU]), st.text(max_size=20)),
    st.dictionaries(
        st.sampled_from(["name", "id", "x", "a", "b", "words", "as_of", "since", "text", "days"]), st.text(max_size=250)
    ),
    st.integers(-5, 10**6),
    st.sampled_from(["en", "de", "zh-CN", "", "../en"]),
)
def test_any_request_of_a_platform_is_answered(
    command: str, arguments: dict[str, str], page: int, language: str
) -> None:
    reply = asyncio.run(CORE.answer(Request(command, arguments, page, language=language)))
    check_is_helpful_and_invents_nothing(reply, str(arguments))


@given(st.sampled_from(["company", "theme", "source", "help", "", "nothing"]), st.text(max_size=250))
def test_any_typing_is_completed_without_failing(command: str, typed: str) -> None:
    argument = "id" if command == "source" else "name"
    offered = CORE.suggest(command, argument, typed)
    assert len(offered) <= 25
    for choice in offered:
        assert asked(choice.command).outcome == "answered"


@pytest.mark.long
@settings(max_examples=20_000, deadline=None)
@given(st.text(max_size=400))
def test_many_more_lines_are_answered(line: str) -> None:
    check_is_helpful_and_invents_nothing(asked(line), line)


def test_a_fault_of_ours_is_logged_and_the_reader_sees_its_id(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("broken on purpose")

    reply = asyncio.run(Answers(lambda: Broken(), lambda: TODAY).answer_line("/companies"))  # type: ignore[arg-type,return-value]
    assert reply.outcome == "failed"
    (record,) = [record for record in caplog.records if record.name == "briefbot.answer"]
    assert record.exc_info
    assert str(record.__dict__["fault"]) in plain(reply.document)
    assert "broken on purpose" not in plain(reply.document)
    assert "Traceback" not in plain(reply.document)


def test_for_nothing_typed_the_weightiest_are_offered_first() -> None:
    assert CORE.suggest("company", "name", "")[0].command == "/company zephyr"
    assert CORE.suggest("theme", "name", "")[0].command == "/theme tourism"
    assert {choice.command for choice in CORE.suggest("source", "id", "")} == {
        f"/source {id_}" for id_ in KNOWN.sources
    }


@pytest.mark.timeout(60)  # what grows with the square of the length takes minutes
@pytest.mark.parametrize("piece", [" ", "a ", "a,", "vs ", "9 d ", "中", "@<", "-", "1", "(a+)+"])
@pytest.mark.parametrize("command", ["company", "compare", "search", "changes"])
def test_no_line_however_long_holds_up_the_others(command: str, piece: str) -> None:
    check_is_helpful_and_invents_nothing(asked(f"/{command} a{piece * (64 * 1024 // len(piece))}b"), piece)


def made_of_input(path: Path) -> Iterator[str]:
    """Yields where a regular expression is made of anything but constants."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "re":
            yield f"{path.name}: {ast.unparse(node)}"
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and re.fullmatch(r"re\.\w+", called) and not is_fixed(node.args[0]):
            yield f"{path.name}: {ast.unparse(node)}"


def is_fixed(node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.isupper()
        case ast.JoinedStr(values=parts):
            return all(is_fixed(part.value if isinstance(part, ast.FormattedValue) else part) for part in parts)
        case ast.BinOp(left=left, right=right):
            return is_fixed(left) and is_fixed(right)
    return False


def test_no_regular_expression_is_made_of_input() -> None:
    paths = [path for part in ("bot", "briefings", "knowledge") for path in sorted((ROOT / part).rglob("*.py"))]
    assert [where for path in paths for where in made_of_input(path)] == []


@pytest.mark.parametrize(
    "line", ["re.match(typed, x)", 're.compile(f"{typed}$")', 're.sub("a" + typed, "", x)', "from re import compile"]
)
def test_a_regular_expression_that_would_be_made_of_input_is_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(line)
    assert len(list(made_of_input(tmp_path / "one.py"))) == 1
