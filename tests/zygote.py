"""A warmed process that forks those which deliver, so that a thousand can be killed: `python -m tests.zygote`.

On standard input it takes a line of JSON each: `{"fork": {variables}}` is answered with the id of a process that
delivers with these settings, `{"reap": id}` with its status, once it has ended.
"""

import asyncio
import json
import os
import signal
import sys

import bot.platforms.discord.publishing
import bot.platforms.slack.publishing  # noqa: F401  what is imported here need not be imported by every process
from bot.app import ending_on_sigterm
from bot.delivering import deliver_always, engine_of, take_up
from bot.delivery import sending
from bot.log import prepare_logging
from bot.settings import read_settings
from bot.store.opening import open_store
from bot.wiring import Wiring
from briefings.words import words_in
from knowledge import Knowledge, load


async def deliver(knowledge: Knowledge) -> None:
    """Delivers as `briefbot run` does, without answering."""
    settings = read_settings()
    async with open_store(settings.database, wait=5.0) as store:
        engine = engine_of(settings, store, lambda: knowledge, Wiring(settings).publishers(terminal=False))
        engine.lease, engine.request, settle, pause = map(int, os.environ["PATIENCE"].split())
        sending.PAUSES = tuple(min(usual, pause) for usual in sending.PAUSES)
        for publisher in engine.publishers.values():
            publisher.settle = settle
        await take_up(settings, engine)
        delivering = asyncio.create_task(deliver_always(settings, engine))
        ending_on_sigterm([delivering])
        await asyncio.wait([delivering])


def forked(variables: dict[str, str], knowledge: Knowledge) -> int:
    """Returns the id of a new process that delivers."""
    child = os.fork()
    if child == 0:
        os.environ |= variables
        log = os.open(variables["LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 2)
        os.dup2(log, 1)
        status = 1
        signal.signal(
            signal.SIGTERM, lambda *_: os._exit(0)
        )  # whoever is asked to end before it began has nothing to do
        try:
            prepare_logging("INFO")
            asyncio.run(deliver(knowledge))
            status = 0
        finally:
            os._exit(status)
    return child


def main() -> None:
    """Answers until the input ends."""
    knowledge = load(read_settings().knowledge)
    knowledge.index()
    words_in("en")
    for line in sys.stdin:
        asked = json.loads(line)
        told = forked(asked["fork"], knowledge) if "fork" in asked else os.waitpid(asked["reap"], 0)[1]
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
