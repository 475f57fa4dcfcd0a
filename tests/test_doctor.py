"""What `briefbot doctor` finds: nothing in a healthy set-up, and each fault of a broken one, with its fix."""

import asyncio
import json
import os
import re
import shutil
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from discord.http import Route

from bot.commands import MENU
from bot.findings import Finding
from bot.operating.doctor.content import content
from bot.operating.doctor.database import database
from bot.operating.doctor.disk import disk
from bot.operating.doctor.program import program as versions
from bot.operating.doctor.round import findings
from bot.operating.doctor.zones import zones
from bot.platforms.discord.registration import commands, fingerprint
from bot.platforms.discord.state import State
from bot.settings import read
from bot.store.opening import Store, open_store
from bot.store.values import UNREACHABLE
from tests.builders import AIRSHIPS
from tests.databases import Databases, Sqlite
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_server import HISTORY, SEND, USUAL
from tests.fakes.slack import USUAL_SCOPES, FakeSlack
from tests.program import Ran, program
from tests.stored import subscribed

READING = USUAL_SCOPES | {"channels:read", "groups:read", "channels:history", "groups:history", "im:write"}


class SetUp:
    """Is a bot on both platforms with a subscription on each, and all that it is given."""

    def __init__(self, slack: FakeSlack, discord: FakeDiscord, url: str, data: Path) -> None:
        self.slack, self.discord, self.url, self.data = slack, discord, url, data
        self.channel = slack.do(slack.channel("general", ["U0ANNA"]))
        self.anna = discord.user("anna")
        self.guild = discord.do(discord.guild("team", [self.anna]))
        self.room = discord.do(discord.channel(self.guild, "news"))
        self.places = {
            "slackone": f"slack:{slack.team_id}/{self.channel}",
            "discordone": f"discord:{self.guild}/{self.room}",
        }
        self.given = {
            "SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token, "SLACK_API_URL": slack.api_url,
            "DISCORD_BOT_TOKEN": discord.token, "DISCORD_API_URL": discord.api_url, "DATABASE_URL": url,
            "BRIEFBOT_DATA_DIR": str(data), "BRIEFBOT_KNOWLEDGE": str(AIRSHIPS),
        }  # fmt: skip
        for id_, place in self.places.items():
            self.subscribe(id_, place)
        self.register(commands([command.item for command in MENU]))

    def subscribe(self, id_: str, place: str, **fields: Any) -> None:
        self.in_store(lambda store: subscribed(store, id_, place=place, **fields))

    def in_store(self, does: Callable[[Store], Awaitable[object]]) -> None:
        async def run() -> None:
            async with open_store(self.url) as store:
                await does(store)

        asyncio.run(run())

    def register(self, wanted: list[dict[str, Any]]) -> None:
        """Registers commands, as a running bot does."""
        request = urllib.request.Request(
            f"{self.discord.api_url}/applications/{self.discord.application_id}/commands",
            json.dumps(wanted).encode(),
            {"Authorization": f"Bot {self.discord.token}", "Content-Type": "application/json"},
            method="PUT",
        )
        urllib.request.urlopen(request).close()

    @property
    def file(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def doctor(self) -> Ran:
        return program("doctor", **self.given)


@pytest.fixture
def setup(on_sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetUp]:
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    with FakeSlack(READING) as slack, FakeDiscord() as discord:
        url = on_sqlite.ready()
        Path(url.removeprefix("sqlite:///")).chmod(0o600)
        made = SetUp(slack, discord, url, tmp_path)
        yield made
        assert slack.posted == []
        assert list(discord.posted) == []
        assert (slack.connections, discord.connections, discord.identifies) == (0, 0, [])


def told(ran: Ran) -> dict[str, tuple[str, str, str]]:
    """Returns what was found, by what it is about: the verdict, what was said, and the way out."""
    blocks = re.split(r"\n(?=ok |wrong |not tried )", ran.stdout.rsplit("\n", 2)[0])
    found = {}
    for block in blocks:
        verdict, rest = block[:11].strip(), " ".join(block[11:].split())
        said, _, fix = rest.partition(" -> ")
        about, _, said = said.partition(": ")
        found[about] = verdict, said, fix
    return found


def lines(ran: Ran, verdict: str) -> list[str]:
    return [about for about, found in told(ran).items() if found[0] == verdict]


def test_a_healthy_set_up_is_all_right(setup: SetUp) -> None:
    before = setup.file.read_bytes()
    ran = setup.doctor()
    assert (ran.status, ran.stderr, lines(ran, "wrong")) == (0, "", []), ran.stdout
    assert lines(ran, "not tried") == ["Slack's manifest"]
    for about in ("knowledge", "settings", "database", "libraries", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN",
                  "Slack's scopes", "DISCORD_BOT_TOKEN", "Discord's commands", "clock, by Slack's",
                  "clock, by Discord's"):  # fmt: skip
        assert told(ran)[about][0] == "ok", about
    assert told(ran)[setup.places["slackone"] + " (slackone)"][1] == "the bot can post there"
    assert told(ran)[setup.places["discordone"] + " (discordone)"][1] == "the bot can post there"
    paths = (str(setup.file.parent), str(setup.data))  # which are never broken, however deep the tests' folder is
    assert max(len(line) for line in ran.stdout.splitlines() if not any(path in line for path in paths)) <= 80
    assert setup.file.read_bytes() == before
    assert sorted(setup.data.iterdir()) == []
    assert setup.discord.objections == []


Break = Callable[[SetUp], object]


def gives(**settings: str) -> Break:
    return lambda setup: setup.given.update(settings)


def knowledge_broken(setup: SetUp) -> None:
    folder = setup.data / "knowledge"
    folder.mkdir()
    (folder / "a.yaml").write_text("clams: []\n")
    setup.given["BRIEFBOT_KNOWLEDGE"] = str(folder)


def not_in_the_channel(setup: SetUp) -> None:
    setup.slack.invite(setup.channel, member=False)


def rights(taken: int) -> Break:
    def take(setup: SetUp) -> None:
        setup.discord.channels[setup.room].permissions = USUAL & ~taken

    return take


def ahead(setup: SetUp) -> None:
    setup.discord.clock = lambda: time.time() + 600


def overwritten(setup: SetUp) -> None:
    wanted = commands([command.item for command in MENU])
    State(setup.data / "discord.json").registered = fingerprint(setup.discord.application_id, wanted)
    setup.register([{**wanted[0], "description": "Something else."}, *wanted[2:]])


def in_an_open_folder(setup: SetUp) -> None:
    folder = setup.data / "open"
    folder.mkdir()
    folder.chmod(0o777)
    setup.given["DATABASE_URL"] = f"sqlite:///{shutil.copy2(setup.file, folder)}"


def newer(setup: SetUp) -> None:
    from sqlalchemy import text

    async def mark(store: Store) -> None:
        async with store.writing() as tx:
            await tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    setup.in_store(mark)


def config(text: str) -> Break:
    def write(setup: SetUp) -> None:
        (setup.data / "briefbot.yaml").write_text(text)
        setup.given["BRIEFBOT_CONFIG"] = str(setup.data / "briefbot.yaml")

    return write


PLACES = {"SLACK": "slackone", "DISCORD": "discordone"}
XAPP, XOXP = "xap" + "p-1-A0-2-beef", "xox" + "p-1-2-3-beef"
FAULTS: dict[str, tuple[Break, str, str, str]] = {
    "an app's token where the bot's belongs": (
        gives(SLACK_BOT_TOKEN=XAPP), "settings", "SLACK_BOT_TOKEN: begins with xapp", "this token begins with xoxb-",
    ),
    "a person's token": (
        gives(SLACK_BOT_TOKEN=XOXP), "settings", "SLACK_BOT_TOKEN: begins with xoxp", "this token begins with xoxb-",
    ),
    "a revoked token": (
        lambda setup: setup.slack.revoke(), "SLACK_BOT_TOKEN", "Slack refuses it (token_revoked)",
        "copy the Bot User OAuth Token (xoxb-...) anew",
    ),
    "an app token of another app": (
        gives(SLACK_APP_TOKEN=XAPP), "SLACK_APP_TOKEN", "Slack refuses it (invalid_auth)", "make an App-Level Token",
    ),
    "a reset token": (
        lambda setup: setup.discord.reset_token(), "DISCORD_BOT_TOKEN", "Discord refuses DISCORD_BOT_TOKEN",
        "reset it under Bot and set the new one",
    ),
    "a missing scope": (
        lambda setup: setattr(setup.slack, "scopes", READING - {"users:read"}), "Slack's scope users:read",
        "it is not granted; it is for who is an admin", "add it under OAuth & Permissions",
    ),
    "an archived channel": (
        lambda setup: setup.slack.archive(setup.channel), "SLACK", "the channel is archived",
        "unarchive it or choose another",
    ),
    "a channel without the bot": (
        not_in_the_channel, "SLACK", "the bot is not in the channel", "invite it there with /invite",
    ),
    "a channel that may not be written in": (
        rights(SEND), "DISCORD", "the bot may not write there", "give it Send Messages in the channel",
    ),
    "a channel whose past is not seen": (
        rights(HISTORY), "DISCORD", "the bot does not see what it posted", "give it Read Message History there",
    ),
    "a server without the bot": (
        lambda setup: setup.discord.do(setup.discord.remove_bot(setup.guild)), "DISCORD",
        "the bot is not in the server any more", "invite it again",
    ),
    "broken knowledge": (
        knowledge_broken, "knowledge", "a.yaml:1: clams: unknown section", "`briefbot check` lists all",
    ),
    "a database that others may read": (
        lambda setup: setup.file.chmod(0o644), "database's file", "(its mode is 0644)", "chmod 600",
    ),
    "a database in whose place others may put another": (
        in_an_open_folder, "database's folder", "others may put another in its place",
        "chmod o-w",
    ),
    "a database of a newer program": (
        newer, "database", "made by a newer briefbot (its schema is 9999)", "start that version",
    ),
    "a file that is no database": (
        lambda setup: setup.file.write_bytes(b"something else" * 1000), "database", "is no SQLite database",
        "restore a backup",
    ),
    "a clock that is ten minutes behind": (
        ahead, "clock, by Discord's", "this machine's clock is 10 min behind", "set it, by NTP",
    ),
    "a zone that there is not": (
        lambda setup: setup.subscribe("onmars", setup.places["slackone"], zone="Mars/Olympus"), "time zone of onmars",
        'there is no zone "Mars/Olympus"', "`briefbot subscriptions edit onmars --zone ZONE`",
    ),
    "commands of before": (
        lambda setup: setup.register(commands([command.item for command in MENU[1:]])), "Discord's commands",
        "not in step: no /company", "restart `briefbot run`",
    ),
    "commands that somebody overwrote": (
        overwritten, "Discord's commands", "they were overwritten: no /theme, /company otherwise",
        "end the other program that has this token",
    ),
    "interactions that go elsewhere": (
        lambda setup: setattr(setup.discord, "interactions_endpoint_url", "https://bot.example/interactions"),
        "Discord's interactions", "none reaches the bot", "empty Interactions Endpoint URL",
    ),
    "an invitation that fails": (
        lambda setup: setattr(setup.discord, "bot_require_code_grant", True), "Discord's invitation",
        "it asks for a code grant", "switch off Requires OAuth2 Code Grant",
    ),
    "a subscription that was paused for being unreachable": (
        lambda setup: setup.subscribe("paused", "slack:T1/C1", state="paused", reason=f"{UNREACHABLE}it is archived"),
        "subscription paused", "paused: unreachable: it is archived", "it goes on by itself",
    ),
    "no sessions left": (
        lambda setup: setattr(setup.discord, "session_remaining", 0), "Discord's sessions", "0 of 1000",
        "restarts use them up",
    ),
    "a platform that cannot be reached": (
        gives(SLACK_API_URL="http://127.0.0.1:9/api/"), "Slack", "Slack cannot be reached",
        "see that this machine can reach http://127.0.0.1:9/api/",
    ),
    "a subscription on a platform that is off": (
        lambda setup: setup.given.pop("DISCORD_BOT_TOKEN"), "DISCORD", "discord is off here",
        "set DISCORD_BOT_TOKEN",
    ),
    "a misspelt variable": (
        gives(BRIEFBOT_LISTNE="127.0.0.1:1"), "settings", "BRIEFBOT_LISTNE: there is no such setting",
        "did you mean BRIEFBOT_LISTEN?",
    ),
    "a misspelt key": (
        config("lisen: 127.0.0.1:1\n"), "settings", "briefbot.yaml:1: lisen: there is no such setting",
        'did you mean "listen"?',
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_with_its_fix(setup: SetUp, fault: str) -> None:
    breaks, about, said, fix = FAULTS[fault]
    breaks(setup)
    ran = setup.doctor()
    whose = PLACES.get(about)
    verdict, found, way_out = told(ran)[f"{setup.places[whose]} ({whose})" if whose else about]
    assert verdict == "wrong", ran.stdout
    assert said in found
    assert fix in way_out
    assert ran.status == 1
    assert lines(ran, "wrong") == [f"{setup.places[whose]} ({whose})" if whose else about], ran.stdout


def test_ten_faults_at_once_are_each_found(setup: SetUp) -> None:
    setup.subscribe("onmars", "terminal:local/here", zone="Mars/Olympus")
    for fault in (
        "a missing scope", "an archived channel", "an app token of another app",
        "a channel that may not be written in", "broken knowledge", "a database that others may read",
        "a clock that is ten minutes behind", "commands of before", "a misspelt variable",
    ):  # fmt: skip
        FAULTS[fault][0](setup)
    ran = setup.doctor()
    assert sorted(lines(ran, "wrong")) == sorted([
        "Slack's scope users:read", f"{setup.places['slackone']} (slackone)", "SLACK_APP_TOKEN",
        f"{setup.places['discordone']} (discordone)", "knowledge", "database's file", "clock, by Discord's",
        "Discord's commands", "settings", "time zone of onmars",
    ])  # fmt: skip
    assert all(fix for verdict, _, fix in told(ran).values() if verdict == "wrong")
    assert "10 wrong" in ran.stdout.splitlines()[-1]


def found_now(setup: SetUp, now: datetime | None = None, **settings: str) -> list[Finding]:
    """Returns what is found where it is so late, with these settings only."""

    async def gathered() -> list[Finding]:
        at = lambda: now or datetime.now(UTC)  # noqa: E731
        return [one async for one in findings(read(environment=setup.given | settings), at)]

    return asyncio.run(gathered())


def about(some: list[Finding], name: str) -> Finding:
    [one] = [finding for finding in some if finding.about == name]
    return one


@pytest.mark.parametrize(("minutes", "way"), [(-10, "behind"), (10, "ahead")])
def test_slacks_clock_tells_when_ours_is_wrong(setup: SetUp, minutes: int, way: str) -> None:
    now = datetime.now(UTC) + timedelta(minutes=minutes)
    assert f"is 10 min {way}" in about(found_now(setup, now), "clock, by Slack's").said


def test_with_a_setting_that_is_wrong_only_what_needs_it_is_not_tried(setup: SetUp) -> None:
    found = found_now(setup, DATABASE_URL="mysql://x", DISCORD_BOT_TOKEN="no.token", BRIEFBOT_DATA_DIR="~nobody-here/x")
    assert {one.about for one in found if one.verdict == "wrong"} == {"settings"}
    assert sum(one.verdict == "wrong" for one in found) == 3
    assert about(found, "database").said == "BRIEFBOT_DATA_DIR, DATABASE_URL cannot be used"
    assert about(found, "discord").verdict == "not tried"
    assert about(found, "SLACK_BOT_TOKEN").verdict == "ok"


def test_before_the_first_start_nothing_is_registered_and_that_is_right(setup: SetUp) -> None:
    setup.register([])
    found = about(found_now(setup), "Discord's commands")
    assert (found.verdict, "are at the first start" in found.said) == ("ok", True)


def test_without_a_database_yet_all_is_right_and_none_is_made(setup: SetUp) -> None:
    file = setup.data / "deep" / "new.db"
    found = about(found_now(setup, DATABASE_URL=f"sqlite:///{file}"), "database")
    assert (found.verdict, "made at the first start" in found.said) == ("ok", True)
    assert sorted(setup.data.iterdir()) == []


def test_a_database_on_either_engine_is_looked_into_and_left_as_it_is(setup: SetUp, databases: Databases) -> None:
    ready, empty = databases.ready(), databases.empty()
    assert "its schema is up to date; 0 of 0" in about(found_now(setup, DATABASE_URL=ready), "database").said
    for _ in range(2):
        assert "made at the first start" in about(found_now(setup, DATABASE_URL=empty), "database").said


def test_a_database_that_a_running_bot_has_open_is_looked_into(setup: SetUp) -> None:
    async def look() -> Finding:
        async with open_store(setup.url) as store:
            await subscribed(store, "another", place=setup.places["slackone"])
            found = [one async for one in findings(read(environment=setup.given), lambda: datetime.now(UTC))]
            return about(found, "database")

    assert "3 of 3 subscriptions are active" in asyncio.run(look()).said


def test_a_database_that_is_away_keeps_nothing_else_back(setup: SetUp) -> None:
    url = "postgresql://briefbot:canary@127.0.0.1:9/briefbot"
    found = found_now(setup, DATABASE_URL=url)
    assert [one.about for one in found if one.verdict == "wrong"] == ["database"]
    assert "cannot be reached" in about(found, "database").said
    assert "canary" not in str(found)
    assert about(found, "Slack's scopes").verdict == "ok"


def test_what_slack_lets_nobody_ask_is_not_tried(setup: SetUp) -> None:
    setup.slack.scopes = USUAL_SCOPES
    setup.subscribe("threadone", f"{setup.places['slackone']}/1700000000.000100")
    ran = setup.doctor()
    assert ran.status == 0
    verdict, said, _ = told(ran)[f"{setup.places['slackone']} (slackone)"]
    assert (verdict, "only with the scope channels:read" in said) == ("not tried", True)
    verdict, said, _ = told(ran)["Slack's scope channels:history, groups:history"]
    assert (verdict, "a digest whose fate is unclear is not looked for" in said) == ("ok", True)


@pytest.mark.parametrize(
    ("place", "verdict", "said"),
    [
        ("slack:{team}/C0NOTHERE0", "wrong", "there is no such channel"),
        ("slack:T0OTHER000/{channel}", "wrong", "it is in another workspace than the token's"),
        ("slack:{team}/{channel}/1700000000.000100", "wrong", "the thread is gone"),
        ("slack:{team}/@U0ANNA", "ok", "they are there"),
        ("discord:{guild}/@{anna}", "not tried", "shows when one is sent"),
        ("discord:{guild}/{forum}", "not tried", "the forum asks for a tag"),
        ("discord:{guild}/{room}/{thread}", "wrong", "the thread is locked"),
        ("discord:{guild}/123456789012345678", "wrong", "the channel is gone"),
        ("terminal:local/here", "ok", "wherever `briefbot run --terminal` runs"),
    ],
    ids=lambda value: value.replace("{", "").replace("}", "") if isinstance(value, str) else None,
)
def test_a_place_is_looked_at(setup: SetUp, place: str, verdict: str, said: str) -> None:
    discord = setup.discord
    forum = discord.do(discord.channel(setup.guild, "forum", "forum", tags=("news",), tag_required=True))
    thread = discord.do(discord.thread(setup.room, "talk"))
    discord.channels[thread].locked = True
    names = {"team": setup.slack.team_id, "channel": setup.channel, "guild": setup.guild, "room": setup.room}
    setup.given["BRIEFBOT_OPERATORS"] = place.format(forum=forum, thread=thread, anna=setup.anna, **names)
    found = told(setup.doctor())[f"{setup.given['BRIEFBOT_OPERATORS']} (BRIEFBOT_OPERATORS)"]
    assert (found[0], said in found[1]) == (verdict, True), found


def test_what_a_platform_answers_instead_keeps_nothing_else_back(setup: SetUp) -> None:
    setup.slack.fault("auth.test", "html")
    setup.discord.fault("GET /applications/@me", "status")
    ran = setup.doctor()
    assert ran.status == 1
    assert "cannot be read" in told(ran)["SLACK_BOT_TOKEN"][1]
    assert "Discord answered 503" in told(ran)["Discord"][1]
    assert told(ran)[f"{setup.places['discordone']} (discordone)"][0] == "ok"


def test_a_declared_file_is_read(setup: SetUp) -> None:
    file = setup.data / "team.yaml"
    file.write_text("subscriptions:\n  - id: one\n    place: slack:T1/C1\n    schedule: at dawn\n    zone: UTC\n")
    found = about(found_now(setup, BRIEFBOT_SUBSCRIPTIONS=str(file)), "BRIEFBOT_SUBSCRIPTIONS")
    assert (found.verdict, found.said[:20]) == ("wrong", "team.yaml:4: schedul")
    file.write_text("subscriptions: []\n")
    assert about(found_now(setup, BRIEFBOT_SUBSCRIPTIONS=str(file)), "BRIEFBOT_SUBSCRIPTIONS").verdict == "ok"


def test_the_age_of_the_knowledge_is_told(setup: SetUp) -> None:
    assert "last changed on 2033-03-01, which is yet to come" in about(found_now(setup), "knowledge").said
    found, known = content(read(environment=setup.given).settings, date(2033, 3, 11))
    assert known
    assert "last changed 10 days ago, 1 to look at by `briefbot check`" in found.said


def test_a_disk_that_is_full_is_found(tmp_path: Path) -> None:
    [room] = disk([tmp_path / "not" / "there", tmp_path / "not" / "there"])
    assert room.verdict == "ok"
    [full] = disk([tmp_path], least=2**60)
    assert (full.verdict, "free some space" in full.fix) == ("wrong", True)


def test_libraries_that_are_not_those_of_the_lock_are_named() -> None:
    lock = 'pydantic==0.1 \\\n    --hash=sha256:00\nnot-here==1.0 ; sys_platform == "win32" \\\n'
    _, libraries = versions(lock)
    assert libraries.verdict == "wrong"
    assert re.search(r"pydantic [\d.]+, not 0.1$", libraries.said)


def test_old_time_zones_are_found() -> None:
    today = datetime.now(UTC).date()
    assert [one.verdict for one in zones((), today)] == ["ok"]
    assert [one.verdict for one in zones((), today.replace(year=today.year + 3, day=1))] == ["wrong"]


def test_near_misses_of_names_that_others_use_too_are_told(setup: SetUp) -> None:
    found = [one.said for one in found_now(setup, SLACK_BOTTOKEN="x", SLACK_WEBHOOK="y")]
    assert not any("SLACK_BOTTOKEN" in said for said in found)  # the token is set, so it is somebody else's
    del setup.given["DISCORD_BOT_TOKEN"]
    found = [f"{one.said}; {one.fix}" for one in found_now(setup, DISCORD_BOTTOKEN="x")]
    assert "DISCORD_BOTTOKEN: it is no setting; did you mean DISCORD_BOT_TOKEN?" in found


def test_a_platform_that_hangs_keeps_nothing_else_back(setup: SetUp) -> None:
    setup.slack.fault("conversations.info", "hang", seconds=3.0)

    async def gathered() -> list[Finding]:
        at = lambda: datetime.now(UTC)  # noqa: E731
        return [one async for one in findings(read(environment=setup.given), at, patience=2.0)]

    found = asyncio.run(gathered())
    assert about(found, "slack").said == "not all was told within 2 s"
    assert about(found, "SLACK_BOT_TOKEN").verdict == "ok"
    assert about(found, f"{setup.places['discordone']} (discordone)").verdict == "ok"


def test_what_the_bot_may_beyond_its_needs_is_told(setup: SetUp) -> None:
    setup.discord.privileged = {"message_content"}
    found = about(found_now(setup), "Discord's privileged intents")
    assert (found.verdict, "more than it needs: message content" in found.said) == ("ok", True)


def as_nobody(does: Callable[[], object]) -> str:
    """Returns what comes of something that is done by a user without rights, as the program should be run."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setresuid(65534, 65534, 65534)
            os.write(writing, repr(does()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as told:
        return told.read()


@pytest.fixture
def closed(on_sqlite: Sqlite) -> Iterator[Path]:
    """Gives a database in a folder that everybody may read and nobody else may write to."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "briefbot.db"
        shutil.copy(on_sqlite.ready().removeprefix("sqlite:///"), file)
        file.chmod(0o444)
        Path(folder).chmod(0o555)
        yield file
        Path(folder).chmod(0o755)


def test_a_database_that_may_not_be_written_to_is_found(closed: Path) -> None:
    told = as_nobody(lambda: asyncio.run(database(f"sqlite:///{closed}"))[0])
    assert "or its folder, may not be written to" in told
    assert "verdict='ok', about='database', said='its schema is up to date" in told
    told = as_nobody(lambda: asyncio.run(database(f"sqlite:///{closed.parent}/deep/new.db"))[0])
    assert f"cannot be made in {closed.parent}" in told
    assert "it may not be written to" in as_nobody(lambda: list(disk([closed.parent])))


def test_a_folder_that_may_not_be_entered_is_found(closed: Path) -> None:
    closed.parent.chmod(0o000)
    told = as_nobody(lambda: asyncio.run(database(f"sqlite:///{closed}"))[0])
    assert "it cannot be looked at: Permission denied" in told
    assert "it cannot be looked at: Permission denied" in as_nobody(lambda: list(disk([closed.parent / "deep"])))
