"""What keeps the house in order."""

import ast
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml

from bot.platforms import PLATFORMS
from bot.platforms.terminal.render import BUDGET
from bot.store.values import State
from briefings.document import Choice, Choices, Document
from briefings.notice import Trouble
from briefings.words import words_in
from tests.builders import CURATED
from tests.generated import GENERATED, ROOT, knowledge_schema
from tests.json_schema import objections

FLOORS = ("bot", "briefings", "knowledge")
SOURCES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
SLACK, DISCORD = "bot/platforms/slack", "bot/platforms/discord"
STORE = "bot/store"
VOCABULARY = "msgspec"
"""Values are its structs everywhere, as they would be dataclasses."""

HOMES = {  # where each library of others is at home; a second home needs a reason
    "aiohttp": {"bot/http.py", "bot/operating/heartbeat.py", f"{DISCORD}/adapter.py", f"{DISCORD}/answering.py", f"{DISCORD}/callbacks.py", f"{DISCORD}/client.py", f"{DISCORD}/pacing.py", f"{DISCORD}/rest.py", f"{DISCORD}/resuming.py", f"{SLACK}/adapter.py", f"{SLACK}/connection.py", f"{SLACK}/limited.py", f"{SLACK}/listeners.py", f"{SLACK}/people.py", f"{SLACK}/publishing.py", f"{SLACK}/responding.py", f"{SLACK}/sending.py", f"{SLACK}/socket_mode.py", f"{SLACK}/verdicts.py"},
    "aiosqlite": {f"{STORE}/errands.py"},
    "alembic": {f"{STORE}/migrate.py", *(f"{STORE}/migrations/{n}.py" for n in ("env", "versions/absences", "versions/first", "versions/troubles"))},
    "apscheduler": {"bot/clock.py"},
    "cronsim": {"bot/schedule.py"},
    "discord": {f"{DISCORD}/{n}.py" for n in ("access", "adapter", "answering", "callbacks", "client", "examining", "forms", "incoming", "messages", "modal", "publishing", "registration", "rest", "resuming", "searching", "standing")},
    "holidays": {"bot/subscribing/holidays_of.py"},
    "jinja2": {"briefings/words.py"},
    "opencc": {"knowledge/folding.py"},
    "prometheus_client": {"bot/operating/metrics.py"},
    "prompt_toolkit": {"bot/platforms/terminal/adapter.py", "bot/platforms/terminal/completing.py"},
    "pydantic": {"knowledge/model.py", "knowledge/fields.py", "knowledge/records.py", "bot/settings/model.py", "bot/settings/names.py", "bot/settings/reading.py", "bot/settings/values.py"},
    "pypinyin": {"knowledge/pinyin.py"},
    "rapidfuzz": {"knowledge/near.py", "knowledge/problems.py", "knowledge/rules.py"},
    "rich": {"bot/platforms/terminal/colours.py"},
    "slack_bolt": {f"{SLACK}/{name}.py" for name in ("adapter", "listeners", "repeats", "socket_mode")},
    "slack_sdk": {f"{SLACK}/{name}.py" for name in ("adapter", "connection", "examining", "lookup", "people", "publishing", "questions", "sending", "socket_mode", "tokens", "verdicts")},
    "sqlalchemy": {*(f"{STORE}/{n}.py" for n in ("absences", "copying", "doubting", "drafts", "firing", "lanes", "ledger", "looking", "migrate", "opening", "partial", "slots", "sql", "steps", "subscriptions", "tables", "trouble", "upkeep", "writing")),
                   *(f"{STORE}/migrations/versions/{n}.py" for n in ("absences", "first", "troubles"))},
    "structlog": {"bot/log.py"},
    "typer": {f"bot/cli/{n}.py" for n in ("app", "ask", "check", "commands", "digests", "doctor", "field_options", "folder", "manifest", "operations", "run", "settings", "store", "subscriptions")},
    "watchfiles": {"bot/knowledge_folder.py"},
    "yaml": {"knowledge/yaml_tree.py"},
    "yarl": {f"{DISCORD}/client.py", f"{DISCORD}/resuming.py", f"{SLACK}/incoming.py"},
}  # fmt: skip


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def test_each_library_stays_where_it_is_at_home() -> None:
    homes: dict[str, set[str]] = defaultdict(set)
    for path in SOURCES:
        for name in imported(path):
            if name not in sys.stdlib_module_names and name not in (*FLOORS, VOCABULARY):
                homes[name].add(str(path.relative_to(ROOT)))
    assert dict(homes) == HOMES


def modules_imported(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_knows_the_ports_and_documents_and_nothing_else_of_ours(platform: str) -> None:
    own = f"bot.platforms.{platform}"
    allowed = {
        own,
        "bot.findings",
        "bot.ports",
        "bot.publishing",
        "bot.recently",
        "bot.yielding",
        "bot.happening",
        "bot.tally",
        "briefings.measure",
        "briefings.document",
        "briefings.paginate",
    }
    for path in (ROOT / "bot/platforms" / platform).glob("*.py"):
        ours = {name for name in modules_imported(path) if name.partition(".")[0] in FLOORS}
        assert {name for name in ours if not name.startswith(f"{own}.")} <= allowed, path


def test_only_the_command_line_reads_the_environment() -> None:
    reading = re.compile(r"os\.environ|getenv|sys\.argv|sys\.stdin")
    readers = {str(p.relative_to(ROOT)) for p in SOURCES if reading.search(p.read_text())}
    assert readers <= {
        "bot/__main__.py",
        "bot/cli/piped.py",
        "bot/cli/run.py",
        "bot/cli/store.py",
        "bot/settings/reading.py",
        "bot/wiring.py",
        "bot/store/migrate.py",
    }  # the last is a command of its own, for a child


def test_paragraphs_and_notes_are_built_only_from_words() -> None:
    builders = {str(p.relative_to(ROOT)) for p in SOURCES if {"Paragraph", "Note"} & set(calls(p))}
    assert builders == {"briefings/words.py"}


def test_statements_are_built_only_from_claims() -> None:
    builders = {str(p.relative_to(ROOT)) for p in SOURCES if "Statement" in set(calls(p))}
    assert builders == {"briefings/citing.py"}


def test_the_lower_floors_never_ask_for_the_time() -> None:
    for path in SOURCES:
        if path.relative_to(ROOT).parts[0] != "bot":
            assert not re.search(r"\b(now|today|utcnow|monotonic|perf_counter)\(\)", path.read_text()), path


def test_no_test_uses_a_mock() -> None:
    word = "mo" + "ck"
    for path in (ROOT / "tests").glob("*.py"):
        assert f"unittest.{word}" not in path.read_text(), path


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_file_is_in_step(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == GENERATED[name](), "run `make fmt`"


@pytest.mark.parametrize("path", sorted(CURATED.glob("*.yaml")), ids=lambda path: path.name)
def test_the_schema_for_editors_accepts_the_curated_files(path: Path) -> None:
    class AsEditorsRead(yaml.SafeLoader):
        """Reads YAML 1.2 as editors do: dates stay text."""

    AsEditorsRead.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    value = yaml.load(path.read_text(), Loader=AsEditorsRead)
    schema = json.loads(knowledge_schema())
    assert objections(schema, value) == []
    assert objections(schema, {"claims": [{"id": "x"}]})
    assert objections(schema, {"clams": []})


def test_every_sentence_of_the_templates_is_used() -> None:
    template = (ROOT / "briefings/templates/en/sentences.j2").read_text()
    macros = set(re.findall(r"macro (\w+)\(", template))
    code = "\n".join(path.read_text() for path in SOURCES if path.parts[-2] in ("briefings", "bot", "desk"))
    derived = {
        "unknown_company",
        "unknown_theme",
        "unknown_source",
        "unknown_name",
        "companies_summary",
        "themes_summary",
    }
    derived |= {f"notice_{trouble}" for trouble in get_args(Trouble)}
    derived |= {f"why_{state}" for state in get_args(State)}
    derived |= {"changes_added", "changes_revised", "changes_retracted"}
    derived |= {macro for macro in macros if macro.endswith("_title")}
    unused = {m for m in macros if f'"{m}"' not in code and not re.search(rf"(?<!macro )\b{m}\(", template)}
    assert unused <= derived


def test_the_words_of_every_language_are_the_same() -> None:
    folders = sorted((ROOT / "briefings/templates").iterdir())
    macros = [set(re.findall(r"macro (\w+)\(", (folder / "sentences.j2").read_text())) for folder in folders]
    assert all(found == macros[0] for found in macros)
    for folder in folders:  # each is compiled only with its first use
        assert all(callable(getattr(words_in(folder.name)._macros, macro)) for macro in macros[0])


def test_source_files_stay_small() -> None:
    assert not [f"{p}: {n}" for p in SOURCES if (n := len(p.read_text().splitlines())) > 250]


def test_what_is_offered_fits_a_page_whole() -> None:
    document = Document("T", "S", "/help", (Choices("C", tuple(Choice("x" * 80, "/help") for _ in range(3))),))
    assert BUDGET.cost(document.blocks[0]) < BUDGET.capacity


def test_no_file_names_the_registry_or_a_folder_of_this_machine() -> None:
    for path in [*ROOT.glob("*.toml"), *ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "deploy/requirements.lock"]:
        assert not re.search(
            r"\bpypi\b|files\.pythonhosted|index-url =|(^|[\s\"'=])/(work|home|root)/", path.read_text()
        ), path
