"""What every server under test does beside serving: it ends with whoever measures it, and tells where its time goes."""

import asyncio
import cProfile
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from types import ModuleType
from typing import Any

from bot.admission import Admission
from bot.answer import Answers
from bot.log import prepare_logging
from bot.ports import Reply, Request
from bot.tally import Tally
from briefings.document import Document, Paragraph, Span
from tests.benchmarks.measuring import rooms
from tests.builders import airships

LINE = "/company zephyr"
SHORT = Document("Zephyr", "Zephyr builds airships.", LINE, (Paragraph((Span("It builds airships."),)),))
Settings = Mapping[str, Any]
Serve = Callable[[Settings], Awaitable[None]]


class Ready(Answers):
    """Answers with a page that is ready; who may ask, what is counted and what is logged is as always."""

    _reply = Reply(SHORT, command="company")

    async def answer(self, request: Request) -> Reply:
        """Returns the page."""
        return self._reply

    async def answer_line(self, *_: Any, **__: Any) -> Reply:
        """Returns the page."""
        return self._reply


def core(told: Settings, platform: str, tally: Tally | None = None) -> Answers:
    """Returns a core that composes its answers, if so told, and lets a thousand times as much be asked as usual."""
    admission = Admission(lambda: time.monotonic() * 1_000)
    kind = Answers if told["composes"] else Ready
    return kind(airships, admission=admission, platform=platform, tally=tally or Tally())


def ready(module: ModuleType, *names: str) -> None:
    """Has functions of a module that cut or render a page return what they made first: the floor sends what is made."""
    for name in names:
        setattr(module, name, _remembered(getattr(module, name)))


def _remembered(make: Callable[..., Any]) -> Callable[..., Any]:
    made = list[Any]()

    def remembered(*what: Any, **how: Any) -> Any:
        if not made:
            made.append(make(*what, **how))
        return made[0]

    return remembered


def main(ways: Mapping[str, Serve]) -> None:
    """Serves in the way that the command line names, until the input ends."""
    way, told = sys.argv[1], json.loads(sys.argv[2])
    if way == "product":
        prepare_logging("INFO", secrets={told[name] for name in told["secrets"]})
    asyncio.run(_served(ways[way], told))


async def _served(serve: Serve, told: Settings) -> None:
    profile = cProfile.Profile(time.process_time)  # its own clock counts what others do meanwhile

    def read() -> None:
        for word in os.read(0, 1_000).split() or [b"end"]:
            if word == b"profile":
                profile.enable()
            elif word == b"tell":
                profile.disable()
                say(json.dumps(rooms(profile)))
            else:
                os._exit(0)

    asyncio.get_running_loop().add_reader(0, read)
    await serve(told)


def say(line: str) -> None:
    """Tells whoever measures."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
