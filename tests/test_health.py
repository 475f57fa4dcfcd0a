"""How the bot is, as probes, people and monitoring are told: the real program on both platforms, asked over HTTP."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import AIRSHIPS
from tests.discord_reader import Reader as OnDiscord
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import FakeSlack
from tests.fakes.switch import FakeSwitch
from tests.running import Bot, asked, free_port, on_both, running
from tests.slack_reader import Reader as OnSlack

Place = tuple[FakeSlack, FakeDiscord, FakeSwitch, Bot, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("data")
    with FakeSlack() as slack, FakeDiscord() as discord, FakeSwitch() as switch:
        beat = {"BRIEFBOT_HEARTBEAT_URL": switch.url}
        with on_both(slack, discord, data, **beat) as (bot, address):
            bot.until(lambda: json.loads(asked(f"{address}/status")[1])["well"])
            yield slack, discord, switch, bot, address


def status(address: str) -> dict[str, Any]:
    code, body = asked(f"{address}/status")
    assert code == 200
    told: dict[str, Any] = json.loads(body)
    return told


def series(address: str) -> dict[str, float]:
    """Returns every figure of /metrics by its name and labels."""
    code, body = asked(f"{address}/metrics")
    assert code == 200
    lines = [line for line in body.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def until(bot: Bot, holds: Callable[[], object]) -> None:
    bot.until(holds, 30)


def test_probes_are_answered(place: Place) -> None:
    *_, address = place
    assert asked(f"{address}/healthz") == (200, "ok\n")
    assert asked(f"{address}/readyz") == (200, "ok\n")
    assert asked(f"{address}/")[0] == 404
    with pytest.raises(urllib.error.HTTPError, match="405"):
        urllib.request.urlopen(f"{address}/status", data=b"x", timeout=10)


def test_the_status_tells_of_the_store_both_platforms_and_the_knowledge(place: Place) -> None:
    *_, bot, address = place
    until(bot, lambda: all(one["receiving"] for one in status(address)["platforms"].values()))
    told = status(address)
    assert told["well"]
    assert told["store"] == {"state": "ok", "reason": ""}
    hows = {name: one["how"] for name, one in told["platforms"].items()}
    assert hows == {"slack": "Socket Mode: heard on 2 of 2 connections", "discord": "Gateway: 1 of 1 shards"}
    assert all(one["since"] <= told["at"] for one in told["platforms"].values())
    assert (told["digests"]["overdue"], told["digests"]["uncertain"]) == ({}, 0)
    assert re.fullmatch("[0-9a-f]{12}", told["knowledge"]["version"])
    assert told["knowledge"]["edited"].startswith("2033-")


def test_commands_are_counted_by_platform_name_and_outcome(place: Place) -> None:
    slack, discord, _, _, address = place
    before = series(address)
    OnSlack(slack).ask("/company", "zephyr")
    OnDiscord(discord).ask("company", name="zephyr")
    OnSlack(slack).ask("/company", "nobody-at-all-xyz")
    OnSlack(slack).direct("what-is-this /no/command")
    answered = 'briefbot_commands_total{command="company",outcome="answered",platform="%s"}'
    wanted = [answered % "slack", answered % "discord", answered.replace("answered", "unknown") % "slack"]
    wanted += [
        'briefbot_commands_total{command="",outcome="misused",platform="slack"}',
        "briefbot_answer_seconds_count",
    ]

    def grown() -> list[float]:
        now = series(address)
        return [now.get(name, 0) - before.get(name, 0) for name in wanted]

    place[3].until(lambda: grown() == [1, 1, 1, 1, 4])


def test_lines_of_one_request_carry_one_id_that_no_other_request_has(place: Place) -> None:
    slack, discord, _, bot, _ = place
    begin = len(bot.log)
    slack.fault("response_url", "status", status=500)
    anna = OnSlack(slack)
    slack.do(slack.command(anna.user, anna.channel, "/company", "zephyr"))
    bot.until(lambda: any('"not taken"' in line for line in bot.log[begin:]))
    OnDiscord(discord).ask("company", name="zephyr")
    bot.until(lambda: any('"discord"' in line for line in bot.log[begin:]))
    lines = [json.loads(line) for line in bot.log[begin:]]
    refused, lost, well = [one for one in lines if "answer" in one["event"]]
    assert (refused["event"], lost["outcome"]) == ("Slack did not take an answer", "not taken")
    assert refused["id"] == lost["id"] != well["id"]
    assert (well["command"], well["outcome"], well["platform"]) == ("company", "answered", "discord")
    assert well["ms"] > 0
    assert all("id" not in json.loads(line) for line in bot.log if "connected to" in line)


def test_a_platform_that_is_lost_is_told_of_and_no_probe_fails(place: Place) -> None:
    slack, discord, _, bot, address = place
    before = series(address)
    slack.refuse_connections(seconds=3)
    discord.refuse_connections(seconds=3)
    slack.do(slack.abort())
    discord.do(discord.abort())
    until(bot, lambda: not any(one["receiving"] for one in status(address)["platforms"].values()))
    assert series(address)['briefbot_receiving{platform="slack"}'] == 0
    assert (asked(f"{address}/healthz")[0], asked(f"{address}/readyz")[0]) == (200, 200)
    until(bot, lambda: all(one["receiving"] for one in status(address)["platforms"].values()))
    after = series(address)
    for name in ("slack", "discord"):
        reconnects = f'briefbot_reconnects_total{{platform="{name}"}}'
        assert after[reconnects] > before.get(reconnects, 0)


def test_limits_that_a_platform_sets_are_counted(place: Place) -> None:
    slack, discord, _, bot, address = place
    limited = 'briefbot_limited_total{platform="%s"}'
    before = series(address)
    slack.fault("response_url", "ratelimited", retry_after=1)
    OnSlack(slack).ask("/company", "zephyr")
    discord.fault("callback", "ratelimited", retry_after=0.2)
    OnDiscord(discord).ask("company", name="zephyr")
    until(
        bot, lambda: all(series(address).get(limited % n, 0) > before.get(limited % n, 0) for n in ("slack", "discord"))
    )


def test_the_heart_beats(place: Place) -> None:
    *_, switch, bot, address = place
    until(bot, lambda: switch.beats)
    assert series(address)['briefbot_heartbeats_total{outcome="sent"}'] >= 1


def test_a_terminal_alone_opens_no_port(tmp_path: Path) -> None:
    port = free_port()
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("BRIEFBOT_", "SLACK_", "DISCORD_", "DATABASE_"))}
    settings = {"BRIEFBOT_HEALTH_LISTEN": f"127.0.0.1:{port}", "BRIEFBOT_DATA_DIR": str(tmp_path)}
    command = [str(Path(sys.executable).parent / "briefbot"), "run"]
    with subprocess.Popen(
        command,
        env=kept | settings | {"BRIEFBOT_KNOWLEDGE": str(AIRSHIPS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("/company zephyr\n")
        process.stdin.flush()
        assert process.stdout.readline()
        with socket.socket() as trying:
            assert trying.connect_ex(("127.0.0.1", port)) != 0
        process.communicate("/exit\n", timeout=30)


def test_a_port_in_use_is_said_in_one_line_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken, FakeDiscord() as discord:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        settings = {"DISCORD_BOT_TOKEN": discord.token, "DISCORD_API_URL": discord.api_url}
        with running(BRIEFBOT_HEALTH_LISTEN=at, BRIEFBOT_DATA_DIR=str(tmp_path), **settings) as bot:
            assert bot.process.wait(30) == 3
    said = [line for line in bot.log if not line.startswith("{")]
    way_out = "Address already in use; give another address and port, or off"
    assert said == [f"BRIEFBOT_HEALTH_LISTEN: {at} cannot be listened at: {way_out}\n"]
