"""A server that takes every post, in a process of its own, so that only the sender's time is measured.

It answers with what the fakes of the platforms have answered to the same post. With a certificate it speaks TLS, and
then a connection is one whose handshake is done.
"""

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

_HEADERS = {
    "Content-Type": "application/json",
    "X-RateLimit-Limit": "5",
    "X-RateLimit-Remaining": "4",
    "X-RateLimit-Reset": "4000000000.0",
    "X-RateLimit-Reset-After": "1.0",
    "X-RateLimit-Bucket": "a1b2c3d4e5f6",
    "Via": "1.1 google",
}
"""As Discord sends them, of whose limits something is always left; Slack sends as many others."""


class Taker:
    """Is a running server, at `origin`."""

    def __init__(self, process: "subprocess.Popen[str]", scheme: str) -> None:
        self._process = process
        self.origin = f"{scheme}://localhost:{self._asked()}"

    @property
    def connections(self) -> int:
        """How many connections were made to it so far."""
        assert self._process.stdin
        print(file=self._process.stdin, flush=True)
        return self._asked()

    def _asked(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


@contextmanager
def taking(answers: Mapping[str, str], certificate: Path | None = None, delay: float = 0.0) -> Iterator[Taker]:
    """Runs a server that answers after `delay` seconds; `certificate` is a file with the certificate and its key.

    `answers` are bodies by what the path ends with.
    """
    command = [sys.executable, "-m", "tests.benchmarks.taker", str(certificate or ""), str(delay), json.dumps(answers)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Taker(process, "https" if certificate else "http")
    finally:
        process.kill()
        process.communicate()


class _Connection(asyncio.Protocol):
    made = 0

    def __init__(self, answers: Mapping[str, str], delay: float) -> None:
        self._answers = answers
        self._delay = delay
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        _Connection.made += 1

    def data_received(self, data: bytes) -> None:
        self._got += data
        while b"\r\n\r\n" in self._got:
            head, _, rest = self._got.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
            if len(rest) < length:
                return
            self._got = rest[length:]
            asyncio.get_running_loop().call_later(self._delay, self._answer, head.decode().partition(" HTTP")[0])

    def _answer(self, asked: str) -> None:
        path = asked.partition(" ")[2].partition("?")[0]
        body = next((body for end, body in self._answers.items() if path.endswith(end)), f"unknown {asked}").encode()
        headers = _HEADERS | {"Date": formatdate(usegmt=True), "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._transport.write(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body)


async def main(certificate: str, delay: str, answers: str) -> None:
    """Serves until it is killed; tells its port, and how many connections there were for each line that it reads."""
    loop, known = asyncio.get_running_loop(), json.loads(answers)
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    server = await loop.create_server(lambda: _Connection(known, float(delay)), "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(_Connection.made, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
