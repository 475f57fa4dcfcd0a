"""People who ask for digests in a made world: by lines as they type them, by buttons as they see them."""

from collections.abc import Mapping
from typing import Any

from bot.answer import Answers
from bot.desk.desk import StoreDesk
from bot.platforms.terminal.render import payload
from bot.ports import Reply, Request
from bot.store import subscriptions
from bot.store.opening import Store
from bot.store.values import Subscription
from bot.subscribing.rights import Rights
from briefings.document import Choice, choices
from tests.stored import PLACE
from tests.world import World

MANAGER: dict[str, Any] = {"user": "U1", "place": PLACE, "manages": True}


class Visitors:
    """Asks as somebody, somewhere, who manages the channel unless told otherwise."""

    def __init__(self, world: World, rights: Rights | None = None) -> None:
        self.world = world
        self.rights = rights or Rights()
        self.soon = 0

    def core(self, store: Store) -> Answers:
        """Returns what a platform asks."""

        def soon() -> None:
            self.soon += 1

        desk = StoreDesk(store, self.world.now, soon, self.rights)
        return Answers(lambda: self.world.knowledge, lambda: self.world.now().date(), desk=desk)

    def ask(self, line: str, **who: Any) -> Reply:
        """Returns the answer to a typed line."""
        asker: dict[str, Any] = MANAGER | who
        reply: Reply = self.world.told(lambda store: self.core(store).answer_line(line, **asker))
        return reply

    def submit(self, fields: Mapping[str, str], **who: Any) -> Reply:
        """Returns the answer to a form that is sent in."""
        asker: dict[str, Any] = MANAGER | who
        reply: Reply = self.world.told(lambda store: self.core(store).answer(Request("subscribe", fields, **asker)))
        return reply

    def form(self, edit: str = "", **who: Any) -> Mapping[str, str]:
        """Returns what stands in the form when it opens."""
        asker: dict[str, Any] = MANAGER | who
        request = Request("subscribe", {"edit": edit} if edit else {}, **asker)
        filled: Mapping[str, str] = self.world.told(lambda store: self.core(store).filled(request))
        return filled

    def click(self, reply: Reply, label: str, **who: Any) -> Reply:
        """Returns the answer to a button."""
        return self.ask(button(reply, label).command, **who)

    def subscribed(self, line: str, **who: Any) -> Subscription:
        """Subscribes and saves, and returns what is kept."""
        saved = self.click(self.ask(line, **who), "Save", **who)
        assert saved.outcome == "answered", read(saved)
        id_ = button(saved, "Preview").command.split()[-1]
        return next(one for one in self.kept() if one.id == id_)

    def kept(self) -> list[Subscription]:
        """Returns all subscriptions that are not removed."""
        found: list[Subscription] = self.world.told(subscriptions.everywhere)
        return found


def button(reply: Reply, label: str) -> Choice:
    """Returns the button of a label."""
    return next(choice for choice in choices(reply.document) if choice.label == label)


def labels(reply: Reply) -> list[str]:
    """Returns what stands on the buttons of an answer."""
    return [choice.label for choice in choices(reply.document)]


def read(reply: Reply) -> str:
    """Returns an answer as it is read."""
    return payload(reply.document)
