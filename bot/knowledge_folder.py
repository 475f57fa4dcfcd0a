"""The knowledge folder kept up to date: an edited file is taken up whole, a bad edit leaves the last good version."""

import asyncio
import hashlib
import logging
from contextlib import suppress
from pathlib import Path

from watchfiles import awatch

from knowledge import InvalidKnowledge, Knowledge, load

log = logging.getLogger("briefbot.knowledge")
MOST_LOGGED = 20
VERSION = 12
"""Characters of a version."""

_LOOK_EVERY = 1000  # milliseconds: what no event tells of (network mounts, a replaced folder) is found by looking

Fingerprint = tuple[tuple[str, int, int, int], ...]


class KnowledgeFolder:
    """Holds the last good version of a folder's knowledge.

    `version` is a hash of its files, the same in every process; `problem` tells why a later edit was not taken up.

    Raises:
        InvalidKnowledge: the folder cannot be used at the start.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = fingerprint(path)
        self.version, self.current = _indexed(path)
        self.problem = ""

    async def watch(self) -> None:
        """Takes up edits within 2 seconds, until cancelled."""
        while True:
            try:
                async for _ in awatch(
                    self.path, debounce=200, rust_timeout=_LOOK_EVERY, yield_on_timeout=True, recursive=False
                ):
                    await self.refresh()
                    if not self.path.is_dir():
                        break
            except FileNotFoundError:
                await self.refresh()
            await asyncio.sleep(_LOOK_EVERY / 1000)

    async def refresh(self) -> None:
        """Loads the folder anew if a file has changed; what cannot be used is logged and leaves all as it is."""
        now = await asyncio.to_thread(fingerprint, self.path)
        if now == self._seen:
            return
        now = await self._settled(now)
        self._seen = now
        try:
            self.version, taken_up = await asyncio.to_thread(_indexed, self.path)
        except InvalidKnowledge as invalid:
            problems = [str(problem) for problem in invalid.problems[:MOST_LOGGED]]
            number = len(invalid.problems)
            self.problem = f"{number} problems, the first: {problems[0]}"
            log.error("knowledge rejected; the last good version stays", extra={"problems": problems, "number": number})
        except Exception as error:
            self.problem = f"it could not be loaded: {type(error).__name__}"
            log.exception("knowledge could not be loaded; the last good version stays")
        else:
            old, self.current = [self.current], taken_up
            self.problem = ""
            log.info("knowledge taken up", extra={"claims": len(self.current.claims)})
            await asyncio.to_thread(_let_go, old)

    async def _settled(self, now: Fingerprint) -> Fingerprint:
        """Waits for the end of writing, a second at most: a file that is half written is no edit yet."""
        for _ in range(5):
            await asyncio.sleep(0.2)
            before, now = now, await asyncio.to_thread(fingerprint, self.path)
            if now == before:
                break
        return now


def _indexed(path: Path) -> tuple[str, Knowledge]:
    return _version(path), load(path, indexed=True)


def _let_go(old: list[Knowledge]) -> None:
    """Frees a version piece by piece, so far as no answer in the making holds it; at once it would hold up the loop."""
    knowledge = old.pop()
    pieces = [*knowledge.claims.values(), *knowledge.sources.values(), *knowledge.companies.values()]
    pieces += vars(knowledge).values()
    del knowledge
    while pieces:
        pieces.pop()


def _version(folder: Path) -> str:
    hashed = hashlib.sha256()
    for path in sorted(folder.glob("*.yaml")):
        with suppress(OSError):  # loading it tells
            hashed.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()[:VERSION]


def fingerprint(folder: Path) -> Fingerprint:
    """Returns what tells one state of a folder's files from another: name, inode, size and time of each."""
    found: list[tuple[str, int, int, int]] = []
    for path in sorted(folder.glob("*.y*ml")):
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append((path.name, stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(found)
