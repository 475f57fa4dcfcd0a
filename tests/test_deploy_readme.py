"""The guide for operators names only what is there, and its way to one server is gone from its first line to its last."""

import base64
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bot.cli.app import app
from bot.operating.metrics import exposition
from bot.operating.seat import LEASE
from bot.tally import Tally
from tests.generated import ROOT
from tests.test_deploy import SECRETS, VARIABLES, kustomized, services
from tests.test_status import GOOD_STATUS

GUIDE = (ROOT / "deploy/README.md").read_text()
SHELL = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
YAML = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
PROGRAM = typer.main.get_command(app)
MADE = {
    "deploy/settings.env",
    "deploy/settings-0.env",
    "deploy/settings-1.env",
    "deploy/secrets",
    "deploy/postgres/password",
    "deploy/etc",
    "dist/sbom.json",
    "dist/licences.md",
    "overlay",
    "briefbot-secrets.env",
}
"""What whoever follows the guide makes."""


def said(text: str) -> Iterator[list[str]]:
    """Yields the words after `briefbot` wherever it is called."""
    calls = re.findall(r"(?:^|`)briefbot ((?!\()[a-z][^`\n|<>]*)", text, re.MULTILINE)
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
    assert {word for word in words if word.startswith("--")} <= options
    given = [word for word in words if not word.startswith("--")]
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
    assert "process_start_time_seconds{" in GUIDE
    assert "\nprocess_start_time_seconds " in exposition(Tally(), GOOD_STATUS)
    for name in watched:
        counted = name.removesuffix("_total")
        assert f'"{counted}": (' in text if counted != name else f'_gauge("{name}"' in text, name


def test_the_addresses_that_the_guide_asks_are_answered() -> None:
    text = "".join(path.read_text() for path in (ROOT / "bot").rglob("*.py"))
    for path in set(re.findall(r"(?:`|9090)(/(?:healthz|readyz|status|metrics))\b", GUIDE)):
        assert f'"{path}"' in text, path


def test_the_services_of_compose_that_the_guide_names_are_there() -> None:
    blocks = "\n".join(SHELL)
    named = set(re.findall(r"docker compose (?:run|up) .*?(briefbot\S*)", blocks))
    assert named == {"briefbot", "briefbot-0", "briefbot-1"}
    assert named <= set(services())
    assert set(re.findall(r"COMPOSE_PROFILES=(\w+)", blocks)) == {one["profiles"][0] for one in services().values()}


def test_every_make_target_that_the_guide_names_is_there() -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    assert set(re.findall(r"`make ([a-z-]+)`", GUIDE)) <= targets


def test_the_guide_says_how_long_a_replica_that_died_keeps_its_seat() -> None:
    assert f"where it died, after {LEASE.total_seconds():.0f} seconds" in GUIDE


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """The overlay that the guide shows, beside a clone."""
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    (tmp_path / "overlay").mkdir()
    (tmp_path / "overlay/kustomization.yaml").write_text(YAML[0])
    return tmp_path / "overlay"


def bot_of(overlay: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns what kustomize makes of the replicas, and of the program in them."""
    spec = kustomized(overlay, overlay.parent)["StatefulSet"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    return spec, container


def test_the_overlay_of_the_guide_names_the_image_that_it_pushes(overlay: Path) -> None:
    _, container = bot_of(overlay)
    assert f"docker push {container['image']}\n" in "".join(SHELL)


def test_the_guide_spreads_as_many_shards_as_there_are_replicas(overlay: Path) -> None:
    (overlay / "kustomization.yaml").write_text("".join(YAML))
    spec, container = bot_of(overlay)
    told = {one["name"]: one for one in container["env"]}
    assert told["BRIEFBOT_DISCORD_SHARDS"]["value"] == f"$(POD_INDEX)/{spec['replicas']}"
    assert spec["replicas"] > 2
    names = list(told)
    assert names.index("POD_INDEX") < names.index("BRIEFBOT_DISCORD_SHARDS")  # or it would not be put in
    assert {"BRIEFBOT_LISTEN", "BRIEFBOT_HEALTH_LISTEN"} < told.keys()


def test_a_back_up_is_restored_on_kubernetes_in_replicas_that_only_wait_and_then_are_bots_again(overlay: Path) -> None:
    before = bot_of(overlay)
    (block,) = [block for block in SHELL if "kubernetes/restoring" in block]
    first, *applied, last = [line for line in block.splitlines() if not line.startswith(("briefbot ", "kubectl "))]
    assert applied == []
    for line in (first, last):
        subprocess.run(["sh", "-c", line], cwd=overlay.parent, check=True)
        if line == first:
            spec, container = bot_of(overlay)
            assert container["command"] == ["sleep", "infinity"]
            assert not [name for name in container if name.endswith("Probe")]
            kept = ("image", "envFrom", "env", "securityContext", "volumeMounts")
            assert [container[name] for name in kept] == [before[1][name] for name in kept]
            assert spec["serviceName"] == before[0]["serviceName"]
    assert bot_of(overlay) == before


def test_the_secrets_of_the_guide_become_what_the_pods_are_given(overlay: Path) -> None:
    (line,) = re.findall(r"(?m)^kubectl create secret .*$", GUIDE)
    (overlay.parent / "briefbot-secrets.env").write_text("SLACK_BOT_TOKEN=one\nDATABASE_URL=postgresql://a:b@c/d?e=f\n")
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not on this machine")
    command = [*shlex.split(line), "--dry-run=client", "--output=yaml"]
    env = os.environ | {"HOME": str(overlay.parent)}
    ran = subprocess.run(command, cwd=overlay.parent, env=env, capture_output=True, text=True, check=True)
    secret = yaml.safe_load(ran.stdout)
    assert base64.b64decode(secret["data"]["DATABASE_URL"]) == b"postgresql://a:b@c/d?e=f"
    _, container = bot_of(overlay)
    assert {"secretRef": {"name": secret["metadata"]["name"]}} in container["envFrom"]
