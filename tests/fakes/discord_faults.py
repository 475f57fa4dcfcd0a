"""Faults on demand: what goes wrong with a call, and how it looks to the app."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tests.fakes.discord_records import Payload

Kind = Literal["hang", "status", "ratelimited", "cut_after", "cut_before", "refuse", "status_after"]
CALLBACK = "POST /interactions/{id}/{token}/callback"


@dataclass(eq=False)
class Fault:
    """One thing that goes wrong so many times, for calls whose arguments fit.

    `where` is a method with the template of its route, "callback", "webhook" (any call with the token of an
    interaction) or "*". Everything but "refuse", "status", "ratelimited" and "cut_before" is carried out, and
    "status_after" is, too.
    """

    where: str
    kind: Kind
    times: int
    seconds: float = 1.0
    status: int = 503
    retry_after: float = 1.0
    is_global: bool = False
    via: bool = True
    scope: str = "user"
    code: int = 0
    message: str = ""
    when: Callable[[Payload], object] | None = None

    def fits(self, route: str, arguments: Payload) -> bool:
        """Whether a call meets it."""
        named = {"callback": route == CALLBACK, "webhook": " /webhooks/" in route, "*": True}
        return named.get(self.where, self.where == route) and (self.when is None or bool(self.when(arguments)))


class Faults:
    """The faults that are still to come; the first that fits is used up."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self._random: Callable[[str], Fault | None] = lambda _: None

    def add(self, where: str, kind: Kind, times: int, **options: Any) -> None:
        """Adds a fault."""
        self.waiting.append(Fault(where, kind, times, **options))

    def take(self, route: str, arguments: Payload) -> Fault | None:
        """Returns the fault that this call meets, or none."""
        for fault in self.waiting:
            if fault.fits(route, arguments):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return self._random(route)

    def randomly(
        self, seed: int, *, lost: float = 0.0, reset: float = 0.0, error: float = 0.0, limited: float = 0.0,
        retry_after: float = 0.1, where: str = "*",
    ) -> None:  # fmt: skip
        """Lets calls go wrong by chance from now on, each kind with its share of them.

        `lost`: carried out, then the connection is cut; `reset`: cut before or after; `error`: 5xx before or after;
        `limited`: 429, not carried out.
        """
        chance = random.Random(seed)
        kinds: dict[Kind, float] = {
            "cut_after": lost + reset / 2, "cut_before": reset / 2, "status": error / 2, "status_after": error / 2,
            "ratelimited": limited,
        }  # fmt: skip
        fine = 1 - sum(kinds.values())

        def happens(route: str) -> Fault | None:
            kind = chance.choices([*kinds, None], [*kinds.values(), fine])[0]
            fault = (
                Fault(where, kind, 1, status=chance.choice((500, 502, 503)), retry_after=retry_after) if kind else None
            )
            return fault if fault and fault.fits(route, {}) else None

        self._random = happens
