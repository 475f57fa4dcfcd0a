"""The documents for people tell the truth: what they show is run."""

import os
import pty
import re
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bot.commands import MENU
from knowledge import load
from tests.builders import CURATED
from tests.discord_reader import Reader as DiscordReader
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import FakeSlack
from tests.generated import ROOT
from tests.program import program
from tests.slack_reader import Reader

README = (ROOT / "README.md").read_text()
GUIDE = (ROOT / "knowledge/README.md").read_text()
LINES = [
    line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines() if line.strip()
]
SHELL = [line for line in LINES if "TOKEN" not in line]  # those with a token are run in a fake workspace
TABLE = re.findall(r"\| `(briefbot ask [^`]+)` \|", README)


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, shell=True, cwd=ROOT, input="/help\n", capture_output=True, text=True, timeout=100, check=False
    )


def test_the_readme_has_commands_and_a_table_of_them() -> None:
    assert len(SHELL) >= 6
    assert len(TABLE) == sum(command.compose is not None for command in MENU)


@pytest.mark.parametrize("command", SHELL)
def test_a_command_of_the_readme_runs(command: str) -> None:
    if command in ("make test", "make check"):  # they would run this test, or take as long
        command = command.replace("make", "make --dry-run")
    ran = shell(command)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout


@pytest.mark.parametrize("command", TABLE)
def test_a_command_of_the_readmes_table_is_answered(command: str) -> None:
    _, *arguments = shlex.split(command)
    ran = program(*arguments, BRIEFBOT_KNOWLEDGE=str(CURATED))
    assert (ran.status, ran.stderr) == (0, "")
    assert len(ran.stdout) > 100


def test_the_answer_in_the_readme_is_the_answer() -> None:
    shown = re.search(r"```\n(Tencent.*?)```", README, re.DOTALL)
    assert shown
    answer = shell('.venv/bin/briefbot ask "/company Tencent"').stdout
    for part in shown[1].split("...\n"):
        without_ages = re.sub(r"\d+ years ago", "N years ago", part.strip())
        assert without_ages in re.sub(r"\d+ years ago", "N years ago", answer)


def test_what_the_readme_names_is_there() -> None:
    for name in re.findall(r"`((?:bot|briefings|knowledge|deploy|tests)/[\w./-]*)`", README):
        assert (ROOT / name).exists(), name


def test_make_run_reads_a_pipe() -> None:
    ran = subprocess.run(
        ["make", "--silent", "run"],
        cwd=ROOT,
        input="/theme overseas\n",
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ran.returncode == 0
    assert "Overseas expansion · 出海" in ran.stdout


@contextmanager
def started(line: str, more: dict[str, str]) -> Iterator[Path]:
    """Runs a line of the README at a terminal, as its reader does, and gives the file with what it shows there."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("BRIEFBOT_", "SLACK_", "DISCORD_"))
    }
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        f"exec env {line}", shell=True, cwd=ROOT, env=kept | more, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = Path(tempfile.mkstemp()[1])

    def copy() -> None:
        with suppress(OSError), shown.open("ab", buffering=0) as file:
            while part := os.read(ours, 10_000):
                file.write(part)

    copying = threading.Thread(target=copy, daemon=True)
    copying.start()
    try:
        yield shown
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        copying.join(30)
        os.close(ours)
        shown.unlink()


def test_the_readmes_line_for_slack_makes_an_app_that_answers() -> None:
    (line,) = [line for line in LINES if "SLACK_BOT_TOKEN" in line]
    with FakeSlack() as slack:
        typed = line.replace("xoxb-...", slack.bot_token).replace("xapp-...", slack.app_token)
        with started(typed, {"SLACK_API_URL": slack.api_url}) as log:
            slack.do(slack.until(lambda: slack.connections == 2, 60))
            answer = Reader(slack).ask("/company", "Tencent")
            assert answer.shown.startswith("Tencent · 腾讯")
            assert b"Slack knows us" in log.read_bytes()
            assert b"connected to Slack" in log.read_bytes()
            assert slack.objections == []


def test_the_readmes_line_for_discord_makes_a_bot_that_answers(tmp_path: Path) -> None:
    (line,) = [line for line in LINES if "DISCORD_BOT_TOKEN" in line]
    with FakeDiscord() as discord:
        typed = line.replace("TOKEN=...", f"TOKEN={discord.token}")
        more = {"DISCORD_API_URL": discord.api_url, "BRIEFBOT_DATA_DIR": str(tmp_path)}
        with started(typed, more) as log:
            discord.do(
                discord.until(lambda: discord.connections == 1 and b"connected to Discord" in log.read_bytes(), 60)
            )
            answer = DiscordReader(discord).ask("company", name="Tencent")
            assert "Tencent · 腾讯" in answer.shown
            assert b"Discord knows us" in log.read_bytes()
            assert f"client_id={discord.application_id}".encode() in log.read_bytes()
            assert discord.objections == []


def test_the_guides_examples_are_accepted_together(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    claim, revision, source, names = blocks
    (tmp_path / "all.yaml").write_text("\n".join([claim + revision, source, names]))
    extra = (
        "claims:\n  - {id: example-what-it-is, text: Example makes phones., kind: fact, as_of: 2024-01, "
        "sources: [example-report], companies: [example], added: 2024-08-01}\n"
    )
    (tmp_path / "more.yaml").write_text(extra)
    known = load(tmp_path)
    assert known.claims["example-exports-2024"].revision == 1
    assert {known.company_names.find(typed).record.slug for typed in ("sl", "00123", "Sample", "示例")} == {"example"}


def test_the_guide_names_every_field() -> None:
    from knowledge.model import Aliases, Claim, Company, Figure, Retraction, Revision, Source, Theme

    for record in (Aliases, Claim, Company, Figure, Retraction, Revision, Source, Theme):
        for field in record.model_fields:
            assert re.search(rf"\b{field}\b", GUIDE), f"{record.__name__}.{field}"


def test_every_make_target_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^([a-z-]+):", makefile, re.MULTILINE):
        assert f"make {target}" in README, target
