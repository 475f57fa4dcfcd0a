"""A rolling update under load: what people ask is answered, and each digest is posted once."""

import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.balancer import Balancer
from tests.crowd import Crowd
from tests.databases import PostgreSql
from tests.every_core import SCALE
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import USUAL_SCOPES, FakeSlack
from tests.killing import HISTORY, Outbox, account, open_ones
from tests.rolling import WITHIN, Gaps, Replicas
from tests.running import Bot, free_port, settings_for_both

START = 10.0
"""Seconds that digests are due for beyond the restarts."""


@dataclass(frozen=True)
class Update:
    """Says how often processes are begun anew, each so many seconds after the last, and what is asked meanwhile.

    Slack reaches them `over` a socket or http; of several shards each process has one, of a single one by turns.
    """

    restarts: int
    every: float
    rate: float
    digests: int
    shards: int
    over: str

    @property
    def name(self) -> str:
        """What figures are recorded under."""
        gateway = "a shard each" if self.shards > 1 else "one at the Gateway"
        return f"{self.restarts} restarts of two, {gateway}, {self.over}"


def settings_of(slack: FakeSlack, discord: FakeDiscord, folder: Path, number: int, update: Update) -> dict[str, str]:
    """Returns the settings of one of the processes."""
    settings = settings_for_both(slack, discord, folder / str(number))
    if update.shards > 1:
        settings |= {"BRIEFBOT_DISCORD_SHARDS": f"{number}/{update.shards}"}
    if update.over == "http":
        del settings["SLACK_APP_TOKEN"]
        settings |= {"SLACK_SIGNING_SECRET": slack.signing_secret, "BRIEFBOT_LISTEN": f"127.0.0.1:{free_port()}"}
        settings |= {"BRIEFBOT_HEALTH_LISTEN": f"127.0.0.1:{free_port()}"}
    return settings


def updated(folder: Path, url: str, update: Update, record: Callable[[str, object], None]) -> None:
    with ExitStack() as stack:
        slack = stack.enter_context(FakeSlack(USUAL_SCOPES | HISTORY))
        discord = stack.enter_context(FakeDiscord(shards=update.shards))
        slack.frugal = slack.tolerates_timeouts = discord.tolerates_timeouts = True
        discord.limits.of_routes, discord.max_concurrency = False, update.shards
        both = [settings_of(slack, discord, folder, n, update) | {"DATABASE_URL": url} for n in range(2)]
        balancer = None
        if update.over == "http":
            addresses = [(settings["BRIEFBOT_LISTEN"], settings["BRIEFBOT_HEALTH_LISTEN"]) for settings in both]
            balancer = stack.enter_context(Balancer(addresses))
            slack.events_url = f"{balancer.origin}/slack/events"

        def is_up(bots: Sequence[Bot]) -> bool:
            knows = all(bot.logged("connected to Discord") or bot.logged("standing by") for bot in bots)
            hears = balancer.ready == len(bots) if balancer else slack.connections >= 2 * len(bots)
            return knows and hears and discord.connections >= min(len(bots), update.shards)

        replicas, gaps = Replicas(both, is_up), Gaps(discord, update.shards)
        outbox, crowd = Outbox(url, slack, discord), Crowd(slack, discord, update.rate)
        outbox.fill(update.digests // 2, update.digests // 2, 5, over=update.restarts * update.every + START)
        with replicas.alive():
            with crowd.asking(), gaps.watched():
                for number in range(update.restarts):
                    replicas.restart_at(number % 2, update.every)
            replicas.bots[0].until(lambda: not open_ones(outbox.states()), 60)
        found, states, told = account(outbox), outbox.states(), crowd.told()
        objections = slack.objections + discord.objections
    longest, ended = max(gaps.longest), max(replicas.endings)
    record(update.name, f"without a session for {longest:.1f} s at the longest; ended within {ended:.1f} s")
    record(f"{update.name}: asked", f"Slack {told[0]}, Discord {told[1]}; {states['sent']} digests")
    assert (found.lost, found.doubled, found.disordered, found.uncertain) == ([], [], [], [])
    assert set(states) == {"sent"}
    assert (told[0].unsent, told[0].unanswered, told[0].twice) == (0, 0, 0)
    assert (told[1].unanswered, told[1].twice) == (0, 0)
    assert ended < WITHIN
    assert objections == []


def test_the_port_of_a_process_is_kept_for_it_between_two_starts() -> None:
    port = free_port()
    for _ in range(2):
        with socket.socket() as another, pytest.raises(OSError, match="in use"):
            another.bind(("127.0.0.1", port))
        with socket.create_server(("127.0.0.1", port)):
            socket.create_connection(("127.0.0.1", port), 10).close()


WAYS = [
    pytest.param(2, "socket", id="a shard each, Socket Mode"),
    pytest.param(1, "http", id="one at the Gateway, HTTP"),
]


@pytest.mark.parametrize(("shards", "over"), WAYS)
def test_a_rolling_update_leaves_no_command_unanswered_and_no_digest_out(
    tmp_path: Path,
    on_postgresql: PostgreSql,
    shards: int,
    over: str,
    record_property: Callable[[str, object], None],
) -> None:
    updated(tmp_path, on_postgresql.ready(), Update(2, 0, 4, 40, shards, over), record_property)


@pytest.mark.soak(minutes=11)
@pytest.mark.parametrize(("shards", "over"), WAYS)
def test_ten_minutes_of_a_restart_each(
    tmp_path: Path,
    on_postgresql: PostgreSql,
    shards: int,
    over: str,
    record_property: Callable[[str, object], None],
) -> None:
    update = Update(max(2, round(10 * SCALE)), 60, 8, round(1_000 * SCALE), shards, over)
    updated(tmp_path, on_postgresql.empty(), update, record_property)
