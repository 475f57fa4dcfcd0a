"""Nothing secret and nothing that people write is kept or told: the real program at DEBUG, with all that can go wrong.

Every secret of the run is a canary; afterwards none of them is in the log with its tracebacks, in what is told over
HTTP, in the database or among the files that the program keeps.
"""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from sqlalchemy import create_engine, make_url, text

from bot.cli.app import app
from bot.settings import Settings, variable
from bot.settings.names import is_secret
from bot.store.tables import metadata
from tests.databases import Databases, PostgreSql
from tests.discord_reader import Reader as OnDiscord
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_server import MANAGE_CHANNELS, USUAL
from tests.fakes.secret import SECRETS, secret
from tests.fakes.slack import FakeSlack, View
from tests.fakes.slack_faults import Kind
from tests.fakes.switch import SECRET, FakeSwitch
from tests.generated import ROOT
from tests.running import Bot, asked, on_both, running
from tests.slack_form import Form
from tests.slack_reader import Reader as OnSlack

SUITE = os.environ.get("OVERHEARD_TESTS", "tests").split()
"""The tests that are overheard, if not all of the quick ones."""

TYPED = ("canarywords", "canaryname", "canarymessage", "canaryoption", "canarymention", "canaryline")
"""What people write, and what is kept nowhere."""

FAULTS: tuple[Kind, ...] = ("status", "html", "cut_after", "broken")
"""What goes wrong where Slack is answered."""

TITLES = ("canarytitle",)
"""What is kept, as they see it in their subscriptions, and told nowhere else."""


@dataclass
class Run:
    """Is what is left of a run: what it told, what it kept, and what should stand in neither."""

    told: dict[str, str]
    kept: dict[str, bytes]
    secrets: dict[str, str]


def with_password(databases: Databases, url: str, password: str) -> str:
    """Returns the URL of a database for somebody who has a password, where its engine knows such."""
    if not isinstance(databases, PostgreSql):
        return url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE \"{password[-12:]}\" LOGIN SUPERUSER PASSWORD '{password}'")
    return make_url(url).set(username=password[-12:], password=password).render_as_string(hide_password=False)


def rows(url: str) -> str:
    """Returns all that is in a database, as text."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg" if "postgres" in url else "sqlite"))
    with engine.connect() as connection:
        found = [str(row) for table in metadata.tables for row in connection.execute(text(f"SELECT * FROM {table}"))]
    engine.dispose()
    return "\n".join(found)


def break_subscriptions(url: str) -> None:
    """Writes into a database what the program never writes, so that it meets a fault of its own."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg" if "postgres" in url else "sqlite"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE subscription SET wanted = '[' "))
    engine.dispose()


def clicked_in(person: OnSlack, view: View, label: str) -> None:
    """Clicks in a modal and waits until it shows something else."""
    before = view.updates
    person.slack.do(person.slack.click(person.user, view, label))
    person.until(lambda: view.updates > before)


def on_slack(slack: FakeSlack, bot: Bot) -> OnSlack:
    """Asks, subscribes and is posted to, and returns whose channel that is."""
    anna = OnSlack(slack)
    anna.ask("/search", "canarywords")
    anna.ask("/company", "canaryname")
    anna.direct("canarymessage")
    anna.mention("canarymention")
    anna = OnSlack(slack)
    form = Form(anna, anna.in_modal(slack.do(slack.command(anna.user, anna.channel, "/subscribe", ""))))
    form.type("Schedule", "daily 09:00")
    form.type("Title", "canarytitle")
    form.pick("Topics", "zephyr")
    form.submit()
    view = slack.modal(anna.user)
    assert view
    assert "Nothing is saved yet" in view.shown, (view.shown, view.errors)
    for label in ("Save", "Post one now"):
        clicked_in(anna, view, label)
    anna.until(lambda: [one for one in anna.seen() if "canarytitle" in one.shown and not one.ephemeral_to])
    for kind in FAULTS:
        slack.fault("response_url", kind, status=500)
        lost, bo = not_taken(bot), OnSlack(slack)
        slack.do(slack.command(bo.user, bo.channel, "/company", "canaryname"))
        bot.until(partial(lambda before: not_taken(bot) > before, lost))
    return anna


def not_taken(bot: Bot) -> int:
    """Returns how many answers a platform has not taken."""
    return sum('"not taken"' in line for line in list(bot.log))


def on_discord(discord: FakeDiscord, bot: Bot) -> None:
    bo = OnDiscord(discord)
    owner, members = discord.user("owner"), discord.guilds[bo.guild].members
    members |= {bo.user: USUAL | MANAGE_CHANNELS, owner: (1 << 53) - 1}
    bo.ask("search", words="canaryoption")
    offer = bo.ask("subscribe", schedule="daily 09:00", zone="Asia/Shanghai", title="canarytitle")
    bo.click(bo.click(offer, "Save"), "Post one now")
    bo.until(lambda: [one for one in bo.seen() if "canarytitle" in one.shown and not one.ephemeral_to])
    discord.fault("callback", "status", status=500, times=5)
    lost = not_taken(bot)
    discord.do(discord.command(bo.user, bo.channel, "company", {"name": "canaryname"}))
    bot.until(lambda: not_taken(bot) > lost)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    databases: Databases = request.getfixturevalue(f"on_{request.param}")
    data, password = tmp_path_factory.mktemp("data"), secret(f"canary-{secrets.token_hex(12)}")
    url = with_password(databases, databases.empty() if request.param == "sqlite" else databases.ready(), password)
    with FakeSlack() as slack, FakeDiscord() as discord, FakeSwitch() as switch:
        slack.tolerates_timeouts = discord.tolerates_timeouts = True
        settings = {
            "BRIEFBOT_LOG_LEVEL": "DEBUG",
            "BRIEFBOT_HEARTBEAT_URL": switch.url,
            "DATABASE_URL": url,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
            "BRIEFBOT_LISTEN": "127.0.0.1:0",
        }
        with on_both(slack, discord, data, **settings) as (bot, address):
            bot.until(lambda: switch.beats)
            anna = on_slack(slack, bot)
            on_discord(discord, bot)
            break_subscriptions(url)
            anna.ask("/subscriptions")
            anna.ask("/briefing", "canaryline")
            told = {path: asked(f"{address}/{path}")[1] for path in ("status", "metrics", "readyz", "canaryline")}
            kept = {"rows": rows(url).encode()} | {
                str(file): file.read_bytes()
                for folder in (data, Path(url.removeprefix("sqlite:///")).parent if request.param == "sqlite" else data)
                for file in folder.rglob("*")
                if file.is_file()
            }
            slack.revoke()
            discord.reset_token()
            discord.do(discord.close(code=4004))
            slack.do(slack.mention(anna.user, anna.channel, "canarymention", None))
            assert bot.process.wait(30) == 3
            bot.reading.join(10)
        held = {
            "Slack's bot token": slack.bot_token,
            "Slack's app token": slack.app_token,
            "Slack's signing secret": slack.signing_secret,
            "Discord's token": discord.token,
            "the heartbeat": SECRET,
            "the database's password": password,
            **{f"response_url {n}": secret for n, secret in enumerate(slack.response_urls)},
            **{f"interaction {n}": token for n, token in enumerate(discord.tokens)},
        }
    return Run(told | {"log": "".join(bot.log)}, kept, held)


def test_what_was_to_go_wrong_has_gone_wrong(run: Run) -> None:
    log = run.told["log"]
    for event in ("answer failed", "exc_type", "Slack did not take an answer", "posted", '"level":"debug"'):
        assert event in log, event
    assert "refuses it" in log
    assert len(run.secrets) > 15
    assert {"rows", "discord.json"} <= {where.rpartition("/")[2] for where in run.kept}


def test_no_secret_is_told(run: Run) -> None:
    assert [(name, where) for name, one in run.secrets.items() for where, said in run.told.items() if one in said] == []


def test_no_secret_is_kept(run: Run) -> None:
    found = [(n, where) for n, one in run.secrets.items() for where, said in run.kept.items() if one.encode() in said]
    assert found == []


def test_nothing_that_people_write_is_told(run: Run) -> None:
    words = [*TYPED, *TITLES]
    assert [(word, where) for word in words for where, said in run.told.items() if word in said] == []


def test_nothing_that_people_write_is_kept_but_what_they_subscribe_to(run: Run) -> None:
    assert [(word, where) for word in TYPED for where, said in run.kept.items() if word.encode() in said] == []
    assert any(TITLES[0].encode() in said for said in run.kept.values())


def options(command: Any) -> Iterator[str]:
    """Yields the options of a command, and of those below it."""
    yield from (name.removeprefix("--") for one in command.params for name in one.opts if name.startswith("--"))
    for name in getattr(command, "commands", ()):
        yield from options(command.get_command(typer.Context(command), name))


def test_no_secret_can_be_given_as_an_option_which_everybody_on_the_machine_could_read() -> None:
    known = set(options(typer.main.get_command(app)))
    assert {"knowledge", "force"} <= known
    words = {"token", "secret", "password", *(variable(one).lower() for one in Settings.model_fields if is_secret(one))}
    assert [one for one in known if any(word in one.replace("-", "_") for word in words)] == []


def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://briefbot:canary-password@127.0.0.1:9/briefbot"
    token = {"DISCORD_BOT_TOKEN": "a." + "b.c", "DISCORD_API_URL": "http://127.0.0.1:9/api"}
    with running(DATABASE_URL=url, BRIEFBOT_DATA_DIR=str(tmp_path), BRIEFBOT_LOG_LEVEL="DEBUG", **token) as bot:
        assert bot.process.wait(30) == 3
    assert bot.logged("postgresql://briefbot:***@127.0.0.1:9/briefbot")
    assert not bot.logged("canary-password")


ENDS = """
import logging, sys, threading, warnings
from bot.log import prepare_logging
prepare_logging("INFO", secrets=["canary-secret"])
warnings.warn("beware of canary-secret")
def fail():
    raise RuntimeError("in a thread with canary-secret")
thread = threading.Thread(target=fail); thread.start(); thread.join()
raise RuntimeError("at the end with canary-secret")
"""


def test_whatever_ends_a_thread_or_the_program_is_one_line_without_secrets() -> None:
    ran = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, text=True, timeout=60, check=False)
    lines = ran.stderr.splitlines()
    assert ran.returncode == 1
    assert [line[:1] for line in lines] == ["{", "{", "{"]
    assert ["beware of [secret]" in lines[0], "in a thread" in lines[1], "at the end" in lines[2]] == [True] * 3
    assert "canary-secret" not in ran.stderr


LEAKS = re.compile(
    r"/respond/[\w-]{16,}|/link/\?ticket=[\w-]{8,}|/interactions/\d+/[\w-]{40,}|/webhooks/\d+/[\w-]{40,}"
    r"|canary\w+|hunter2"
)
"""The addresses that are secrets, and the canaries of tests."""

WORDS = re.compile(r"[\w-]{16,}")


def leaked(lines: Iterable[str], made: Iterable[str]) -> set[str]:
    """Returns what of secrets stands in lines of a log: of each the longest of the parts that a dot separates."""
    known = {max(WORDS.findall(one), key=len) for one in made}
    bare = [line.replace("\\n", " ") for line in lines]
    found = {word for line in bare for word in WORDS.findall(line)} & known
    return found | {word for line in bare for word in LEAKS.findall(line)}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"url": "https://x/%s?"}', 1), ('{"exc_value": "\\n%s\\n"}', 1), ('{"event": "Bot %s, refused"}', 1),
        ('{"url": "https://x/[secret]"}', 0),
    ],
)  # fmt: skip
def test_a_secret_is_found_wherever_it_stands_in_a_line(line: str, found: int) -> None:
    made = f"MTIz.AbCd.{secrets.token_urlsafe(28)}"
    assert len(leaked([line.replace("%s", made)], [made])) == found


@pytest.mark.soak(minutes=9)
def test_the_whole_suite_at_debug_leaves_no_secret_of_its_fakes_in_what_is_logged(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "-p", "tests.overheard", *SUITE],
        cwd=ROOT,
        env=os.environ | {"OVERHEARD": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,  # some tests look for lines that are not told at DEBUG; it is the log that counts here
    )
    logs = sorted(tmp_path.glob("*.log"))
    lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()]
    made = {line for file in tmp_path.glob(f"*{SECRETS}") for line in file.read_text().splitlines()}
    record_property("processes overheard, lines, secrets", (len(logs), len(lines), len(made)))
    assert len(lines) > 100
    assert len(made) > 10
    assert leaked(lines, made) == set()
