"""The files that are made from the code; `make fmt` writes them, a test holds them to it."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

from bot.answer import Answers
from bot.command import Command
from bot.commands import MENU, UMBRELLA, examples, names_outside
from bot.platforms import PLATFORMS, limits, renderer
from bot.platforms.slack.manifest import manifest
from bot.settings import CURATED
from bot.settings.listing import every_setting
from briefings import document_json
from briefings.paginate import page_at, paginate
from knowledge import load
from knowledge.model import KnowledgeFile
from tests.builders import TODAY, airships, edition, every_digest
from tests.generated_settings import config_example, env_example

ROOT = Path(__file__).parent.parent


def knowledge_schema() -> str:
    """Returns the JSON Schema of a knowledge file, for editors."""
    return _json({"$schema": "https://json-schema.org/draft/2020-12/schema", **KnowledgeFile.model_json_schema()})


def document_schema() -> str:
    """Returns the JSON Schema of an answer as JSON."""
    return _json(document_json.schema())


def readme() -> str:
    """Returns the README with its tables of commands and settings made anew."""
    text = (ROOT / "README.md").read_text()
    lines = {line.removeprefix("/").split()[0]: line for line in examples(load(CURATED))}
    commands = ["| command | what it answers | try |", "|---|---|---|"] + [
        f"| `{c.item.usage}` | {c.item.summary} | {_tried(c, lines)} |" for c in MENU
    ]
    settings = ["| variable | key | meaning | if not set |", "|---|---|---|---|"] + [
        f"| {_coded(one.variables[0])} | {_coded(one.key)} | {one.meaning} | {_usual(one.usual)} |"
        for one in every_setting()
    ]
    return _between(_between(text, "commands", commands), "settings", settings)


def golden(line: str, platform: str | None) -> Callable[[], str]:
    """Returns a maker of one answer on airships: the page that a platform is sent, or the whole as JSON."""

    def make() -> str:
        known = airships()
        names = names_outside(limits(platform).RESERVED) if platform else {}
        reply = asyncio.run(Answers(lambda: known, lambda: TODAY, names).answer_line(line))
        if platform is None:
            return document_json.to_json(reply.document) + "\n"
        page = page_at(reply.document, renderer(platform).BUDGET, reply.page)
        payload = renderer(platform).payload(page)
        return f"{payload}\n" if isinstance(payload, str) else _json(payload)

    return make


def golden_digest(number: int, platform: str) -> Callable[[], str]:
    """Returns a maker of the first part of one digest on airships, as a platform is sent it."""

    def make() -> str:
        document = list(every_digest(edition(airships())))[number]
        payload = renderer(platform).payload(paginate(document, renderer(platform).BUDGET)[0])
        return f"{payload}\n" if isinstance(payload, str) else _json(payload)

    return make


GOLDEN_DIGESTS = {"digest": 0, "digest-headlines": 5, "digest-correction": 9}
GOLDEN_LINES = {
    "company": "/company ZPH",
    "company-page-2": "/company zephyr page:2",
    "theme": "/theme sightseeing",
    "compare": "/compare zephyr, nimbus, stratos",
    "search": "/search airships theme:tourism",
    "changes": "/changes 600d",
    "timeline": "/timeline zephyr",
    "companies": "/companies",
    "source": "/source leaflet",
    "help": "/help",
    "unknown": "/company Zephyrus Nimbus",
}
SUFFIXES = {platform: f"{platform}.{'txt' if platform == 'terminal' else 'json'}" for platform in PLATFORMS}
GOLDEN: dict[str, Callable[[], str]] = {
    f"tests/golden/{name}.{suffix}": golden(line, platform)
    for name, line in GOLDEN_LINES.items()
    for platform, suffix in SUFFIXES.items()
}
GOLDEN["tests/golden/theme.document.json"] = golden("/theme helium", None)
GOLDEN |= {
    f"tests/golden/{name}.{suffix}": golden_digest(number, platform)
    for name, number in GOLDEN_DIGESTS.items()
    for platform, suffix in SUFFIXES.items()
}
GENERATED: dict[str, Callable[[], str]] = {
    "README.md": readme,
    "knowledge/schema.json": knowledge_schema,
    "briefings/document.schema.json": document_schema,
    "deploy/briefbot.example.yaml": config_example,
    "deploy/env.example": env_example,
    "deploy/slack-manifest.yaml": lambda: manifest([command.item for command in MENU], UMBRELLA),
}


def _tried(command: Command, lines: dict[str, str]) -> str:
    """Returns how a command is tried: what is asked of the store is asked of the running bot."""
    line = lines.get(command.item.name, f"/{command.item.name}")
    return f'`briefbot ask "{line}"`' if command.compose else f"`{line}` in `briefbot run`"


def _usual(usual: str) -> str:
    return usual if usual.startswith("what ") else _coded(usual)


def _coded(text: str) -> str:
    return f"`{text}`" if text else ""


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _between(text: str, name: str, lines: list[str]) -> str:
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    made = start + "\n".join(lines) + "\n" + end
    return re.sub(re.escape(start) + ".*?" + re.escape(end), lambda _: made, text, flags=re.DOTALL)


if __name__ == "__main__":
    for name, make in (GENERATED | GOLDEN).items():
        (ROOT / name).write_text(make())
