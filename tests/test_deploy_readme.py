"""The guide for operators names only what is there, and its way to one server is gone from its first line to its last."""

import re
import shlex
from collections.abc import Iterator

import pytest
import typer

from bot.__main__ import app
from tests.generated import ROOT
from tests.test_deploy import SECRETS, VARIABLES, services

GUIDE = (ROOT / "deploy/README.md").read_text()
SHELL = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
PROGRAM = typer.main.get_command(app)
MADE = {
    "deploy/settings.env",
    "deploy/secrets",
    "dist/sbom.json",
    "dist/licences.md",
    "overlay",
    "briefbot-secrets.env",
}
"""What whoever follows the guide makes."""


def said(text: str) -> Iterator[list[str]]:
    """Yields the words after `briefbot` wherever it is called."""
    calls = re.findall(r"(?:^|`|exec briefbot |run --rm )briefbot ((?!\()[a-z][^`\n|]*)", text, re.MULTILINE)
    yield from (shlex.split(call) for call in calls)


COMMANDS = sorted({" ".join(words) for words in said(GUIDE)})


def test_the_guide_calls_the_program() -> None:
    named = {command.split()[0] for command in COMMANDS}
    assert {"doctor", "settings", "backup", "restore", "erase", "export", "deliveries", "subscriptions"} <= named


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_guide_is_one_of_the_programs(command: str) -> None:
    words, found = command.split(), PROGRAM
    while words and words[0] in getattr(found, "commands", {}):
        found = found.get_command(typer.Context(found), words.pop(0))  # type: ignore[attr-defined]
    assert found is not PROGRAM, command
    options = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= options
    given = [word for word in words if not word.startswith("-")]
    arguments = [parameter for parameter in found.params if parameter.param_type_name == "argument"]
    assert len([one for one in arguments if one.required]) <= len(given) <= len(arguments)


def test_the_files_that_the_guide_names_are_there() -> None:
    links = set(re.findall(r"\]\(([^)#]+)\)", GUIDE))
    assert links
    for link in links:
        assert (ROOT / "deploy" / link).exists(), link
    for name in set(re.findall(r"(?<![\w/.])((?:deploy|dist)/[\w./-]*\w)", GUIDE)):
        assert (ROOT / name).exists() or any(name.startswith(made) for made in MADE), name


def test_the_places_in_the_guide_that_it_links_to_are_there() -> None:
    heads = {
        re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in re.findall(r"(?m)^#+ (.*)$", GUIDE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", GUIDE)) <= heads


def test_the_settings_that_the_guide_names_are_settings() -> None:
    named = set(re.findall(r"\b(?:BRIEFBOT|SLACK|DISCORD|DATABASE)_[A-Z_]+\b", GUIDE))
    assert named <= VARIABLES
    keys = set(re.findall(r"`(\w+)_file`", GUIDE))
    assert keys <= {name.lower().removeprefix("briefbot_") for name in SECRETS}
    assert {"slack_bot_token", "discord_bot_token", "heartbeat_url"} <= keys


def test_the_figures_that_the_guide_watches_are_told() -> None:
    text = (ROOT / "bot/operating/metrics.py").read_text()
    watched = set(re.findall(r"\bbriefbot_([a-z_]+)(?= [=>]|\{)", GUIDE))
    assert {"well", "store_up", "receiving", "overdue_digests", "digests_total"} <= watched
    for name in watched:
        counted = name.removesuffix("_total")
        assert f'"{counted}": (' in text if counted != name else f'_gauge("{name}"' in text, name


def test_the_addresses_that_the_guide_asks_are_answered() -> None:
    text = "".join(path.read_text() for path in (ROOT / "bot").rglob("*.py"))
    for path in set(re.findall(r"(?:`|9090)(/(?:healthz|readyz|status|metrics))\b", GUIDE)):
        assert f'"{path}"' in text, path


def test_the_services_of_compose_that_the_guide_names_are_there() -> None:
    blocks = "\n".join(SHELL)
    named = set(re.findall(r"docker compose (?:exec|stop|start|run --rm) (\S+)", blocks))
    assert named == {"briefbot"}
    assert named <= set(services())
    assert set(re.findall(r"COMPOSE_PROFILES=(\w+)", blocks)) == {one["profiles"][0] for one in services().values()}


def test_every_make_target_that_the_guide_names_is_there() -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    assert set(re.findall(r"`make ([a-z-]+)`", GUIDE)) <= targets
