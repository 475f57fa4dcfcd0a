"""The real `briefbot run` as a process of its own, against a fake platform on loopback.

It is forked from one that has done the imports; `test_docs.py` and `test_cli.py` start the program from nothing.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.builders import AIRSHIPS
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import FakeSlack
from tests.warm import Process, warm

START = 60.0
"""Seconds for which it is waited until the bot does what takes it one on an idle machine."""
overheard = os.environ.get("OVERHEARD")
"""Is the folder to which all that bots log is copied, see `tests.overheard`."""


class Bot:
    """Is a running bot: its process and what it logged."""

    def __init__(self, process: "Process | subprocess.Popen[str]") -> None:
        self.process = process
        self.log: list[str] = []
        self.reading = threading.Thread(target=self._read, daemon=True)
        self.reading.start()

    def _read(self) -> None:
        for line in self.process.stderr or ():
            self.log.append(line)
            if overheard:
                with Path(overheard, f"{self.process.pid}.bot.log").open("a") as file:
                    file.write(line)

    def logged(self, text: str) -> bool:
        """Whether a line of the log holds a text."""
        return any(text in line for line in list(self.log))

    def until(self, happened: Callable[[], object], seconds: float = START) -> None:
        """Waits until something has happened, and shows the log if it never does."""
        end = time.monotonic() + seconds
        while not happened():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s; status {self.process.poll()}: {''.join(self.log[-30:])}")
            time.sleep(0.02)

    @property
    def cpu(self) -> float:
        """Seconds that the process has computed for."""
        times = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> int:
        """Resident memory in bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def end(self) -> int:
        """Asks the process to end and returns its status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(START)
        self.reading.join(START)
        return status


@contextmanager
def running(*program: str, **environment: str) -> Iterator[Bot]:
    """Runs the bot with settings, on the knowledge of airships, until the context ends; or another `program`."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("BRIEFBOT_", "SLACK_", "DISCORD_"))
    }
    usual = {"BRIEFBOT_KNOWLEDGE": str(AIRSHIPS), "BRIEFBOT_HEALTH_LISTEN": "off"}
    settings = kept | usual | environment | ({"BRIEFBOT_LOG_LEVEL": "DEBUG"} if overheard else {})
    process = _started(program, settings) if program else Process(warm(), settings)
    bot = Bot(process)
    try:
        yield bot
    finally:
        process.kill()
        process.wait()
        bot.reading.join(START)
        if process.stderr:
            process.stderr.close()


def _started(program: Sequence[str], settings: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *program],
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def on_slack(slack: FakeSlack, *, over: str, **settings: str) -> Iterator[Bot]:
    """Runs the bot in a workspace, over `socket` or `http`, and waits until it can be asked."""
    settings |= {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url}
    if over == "socket":
        settings |= {"SLACK_APP_TOKEN": slack.app_token}
    else:
        port = free_port()
        settings |= {"SLACK_SIGNING_SECRET": slack.signing_secret, "BRIEFBOT_LISTEN": f"127.0.0.1:{port}"}
        slack.events_url = f"http://127.0.0.1:{port}/slack/events"
    with running(**settings) as bot:
        bot.until(lambda: slack.connections >= 2 if over == "socket" else bot.logged("listening"))
        bot.until(lambda: bot.logged("Slack knows us"))
        yield bot


@contextmanager
def on_discord(discord: FakeDiscord, data: Path, **settings: str) -> Iterator[Bot]:
    """Runs the bot on Discord, with what it keeps in a folder, and waits until it can be asked."""
    settings |= {"DISCORD_BOT_TOKEN": discord.token, "DISCORD_API_URL": discord.api_url, "BRIEFBOT_DATA_DIR": str(data)}
    with running(**settings) as bot:
        bot.until(lambda: bot.logged("connected to Discord") and discord.connections == discord.shards)
        yield bot


def settings_for_both(slack: FakeSlack, discord: FakeDiscord, data: Path, **settings: str) -> dict[str, str]:
    """Returns the settings of a bot that is on Slack, in Socket Mode, and on Discord, and keeps its own in a folder."""
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.api_url,
        "DISCORD_BOT_TOKEN": discord.token,
        "DISCORD_API_URL": discord.api_url,
        "BRIEFBOT_DATA_DIR": str(data),
    } | settings


@contextmanager
def on_both(slack: FakeSlack, discord: FakeDiscord, data: Path, **settings: str) -> Iterator[tuple[Bot, str]]:
    """Runs the bot on both platforms, and gives it with the address at which it tells how it is."""
    health = f"127.0.0.1:{free_port()}"
    settings |= {"SLACK_APP_TOKEN": slack.app_token, "SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url}
    with on_discord(discord, data, BRIEFBOT_HEALTH_LISTEN=health, **settings) as bot:
        bot.until(lambda: slack.connections >= 2 and bot.logged("Slack knows us"))
        yield bot, f"http://{health}"


def asked(address: str) -> tuple[int, str]:
    """Returns the status and the body that an address answers with."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


_held: list[socket.socket] = []


def free_port() -> int:
    """Returns a port of this machine that nobody listens on, and keeps it from all who ask for any port at all.

    It stays bound, so that no connection between two starts of a process is given its number; who means it can listen.
    """
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", 0))
    _held.append(one)
    port: int = one.getsockname()[1]
    return port
