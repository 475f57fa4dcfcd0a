"""A process that has imported the bot, and forks those which run it: `python -m tests.warmed`, its socket as input.

To import it takes the bot most of a second, and the tests start it dozens of times. A line of JSON asks for what is
wanted: `{"run": {variables}}`, which comes with an open file for the standard error of the bot, is answered with the
id of a process that runs `briefbot run` from its first line to its last, and ends as any program does;
`{"poll": id}` with its status, or with nothing while it runs.
"""

import json
import os
import socket
import sys
from importlib import import_module
from typing import Any

from bot.__main__ import main

IMPORTED = (
    *("bot.app", "bot.http", "bot.platforms.discord.adapter", "bot.platforms.slack.adapter", "pypinyin", "structlog"),
    *("bot.platforms.terminal.adapter", "sqlalchemy.dialects.sqlite.aiosqlite", "bot.store.migrate", "bot.clock"),
    *("bot.operating.health", "bot.operating.heartbeat"),
)
"""What the bot imports as it starts, on one platform or another."""


def answer(asked: dict[str, Any], files: list[int], line: socket.socket) -> bool:
    """Does what is asked; returns whether this is the process that is to run the bot."""
    if "poll" in asked:
        ended, status = os.waitpid(asked["poll"], os.WNOHANG)
        line.send(f"{os.waitstatus_to_exitcode(status) if ended else ''}\n".encode())
        return False
    child = os.fork()
    if child:
        os.close(files[0])
        line.send(f"{child}\n".encode())
        return False
    nowhere = os.open(os.devnull, os.O_RDWR)
    line.detach()
    for stream, file in enumerate((nowhere, nowhere, files[0])):
        os.dup2(file, stream)
    os.closerange(3, max(nowhere, files[0]) + 1)
    sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    os.environ.clear()
    os.environ.update(asked["run"])
    return True


def serve() -> None:
    """Answers until the other end is closed."""
    for name in IMPORTED:
        import_module(name)
    line = socket.socket(fileno=os.dup(0))
    while True:
        asked, files, _, _ = socket.recv_fds(line, 1 << 20, 1)
        if not asked:
            return
        while not asked.endswith(b"\n"):
            asked += line.recv(1 << 20)
        if answer(json.loads(asked), files, line):
            break
    sys.argv = ["briefbot", "run"]
    main()


if __name__ == "__main__":
    serve()
