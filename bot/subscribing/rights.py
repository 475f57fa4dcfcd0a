"""Who may do what with subscriptions."""

from msgspec import Struct

from bot.places import channel_of, home_of
from bot.ports import Request
from bot.store.values import Subscription


class Rights(Struct, frozen=True):
    """Tells who may change subscriptions: those whom their platform lets, or only `subscribers` if there are any.

    `subscribers` are people such as `slack:T012AB3CD/@U012AB3CD`, who may do so anywhere in their workspace. Nobody
    sees a subscription of another workspace.
    """

    subscribers: frozenset[str] = frozenset()

    def manages(self, request: Request) -> bool:
        """Returns whether somebody may subscribe the place in which they ask."""
        return self._listed(request) if self.subscribers else request.manages or request.anywhere

    def manages_all(self, request: Request) -> bool:
        """Returns whether somebody may see and change what is posted anywhere in their workspace."""
        return self._listed(request) if self.subscribers else request.anywhere

    def sees(self, request: Request, one: Subscription) -> bool:
        """Returns whether somebody may see a subscription: in its own channel anyone may."""
        if not request.place or home_of(request.place) != home_of(one.place):
            return False
        return channel_of(request.place) == channel_of(one.place) or self.manages_all(request)

    def changes(self, request: Request, one: Subscription) -> bool:
        """Returns whether somebody may change, pause, resume or remove a subscription."""
        return self.sees(request, one) and self.manages(request)

    def _listed(self, request: Request) -> bool:
        return bool(request.user) and f"{home_of(request.place)}/@{request.user}" in self.subscribers
