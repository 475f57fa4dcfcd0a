"""A fake dead man's switch on loopback, such as healthchecks.io: it counts who asks, and answers as it is told to."""

from aiohttp import web

from tests.fakes.loopback import Loopback
from tests.fakes.secret import secret

SECRET = "canary-5f0c2b1e-heartbeat"


class FakeSwitch(Loopback):
    """Is asked at `url`, the path of which is the secret; `status` and `location` are its answer."""

    def __init__(self) -> None:
        super().__init__()
        secret(SECRET)
        self.beats = 0
        self.elsewhere = 0
        self.status = 200
        self.location = ""

    @property
    def url(self) -> str:
        """The address that an operator is given."""
        return f"{self.origin}/ping/{SECRET}"

    async def application(self) -> web.Application:
        """Returns the switch, and where it may redirect to."""
        app = web.Application()
        app.router.add_get(f"/ping/{SECRET}", self._beat)
        app.router.add_get("/elsewhere", self._elsewhere)
        return app

    async def _beat(self, _: web.Request) -> web.Response:
        self.beats += 1
        return web.Response(status=self.status, headers={"Location": self.location} if self.location else {})

    async def _elsewhere(self, _: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response()
