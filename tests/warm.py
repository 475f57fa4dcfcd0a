"""Processes that run the bot, forked from a warmed one, which costs a fifth of what a start does."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from typing import TextIO

CLOSE = 0.02
"""Seconds between two looks at whether a process has ended."""


class Process:
    """Is a process that runs `briefbot run`; knows what the tests ask of `subprocess.Popen`, by the same names."""

    def __init__(self, warm: "Warm", settings: dict[str, str]) -> None:
        ours, theirs = os.pipe()
        self._warm = warm
        self.stderr: TextIO = os.fdopen(ours)
        self.pid = int(warm.ask({"run": settings}, theirs))
        self.returncode: int | None = None
        os.close(theirs)

    def poll(self) -> int | None:
        """Returns the status, or None while it runs."""
        if self.returncode is None and (told := self._warm.ask({"poll": self.pid})):
            self.returncode = int(told)
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        """Returns the status once it has ended.

        Raises:
            subprocess.TimeoutExpired: it runs after so many seconds.
        """
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("briefbot run", timeout)
            time.sleep(CLOSE)
        return status

    def send_signal(self, number: int) -> None:
        """Sends a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kills it, if it has not ended."""
        self.send_signal(signal.SIGKILL)


class Warm:
    """Is the warmed process."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen([sys.executable, "-m", "tests.warmed"], stdin=theirs.fileno())

    def ask(self, what: object, *files: int) -> str:
        """Returns the answer to what is asked, which open files go along with."""
        socket.send_fds(self._line, [json.dumps(what).encode() + b"\n"], files)
        answer = b""
        while not answer.endswith(b"\n"):
            more = self._line.recv(100)
            if not more:
                raise AssertionError("the warmed process has ended")
            answer += more
        return answer.decode().strip()

    def close(self) -> None:
        """Ends it."""
        self._line.close()
        self._process.wait(60)


@cache
def warm() -> Warm:
    """Returns the warmed process of this one."""
    made = Warm()
    atexit.register(made.close)
    return made
