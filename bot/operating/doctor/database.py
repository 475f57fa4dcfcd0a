"""Whether the digests' database can be used, and what is subscribed there."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE, S_ISVTX

from bot.findings import Finding, ok, trouble, wrong
from bot.operating.doctor.disk import AS_USER, nearest_folder
from bot.store.files import on_network
from bot.store.looking import Looked, look_into
from bot.store.opening import address_of, sqlite_file, way_back
from bot.store.tables import REVISION
from bot.store.values import StoreUnavailable

OTHERS, ALL_WRITE = 0o077, 0o002


async def database(url: str) -> tuple[list[Finding], Looked | None]:
    """Returns how the database stands, and what it holds if it is there and can be read."""
    try:
        file = sqlite_file(url)
        found = list(_file(file)) if file else []
        if file and not file.exists():
            return found, None
        looked = await look_into(url)
    except StoreUnavailable as unavailable:
        return [trouble("database", str(unavailable))], None
    except OSError as error:
        return [wrong("database", f"it cannot be looked at: {error.strerror}", AS_USER)], None
    return [*found, *_inside(looked, url)], looked


def _file(file: Path) -> Iterator[Finding]:
    refusal = on_network(file)
    if refusal:
        yield trouble("database", refusal)
    if not file.exists():
        folder = nearest_folder(file.parent)
        if not os.access(folder, os.W_OK | os.X_OK):
            yield wrong("database", f"{file} cannot be made in {folder}", "let the program write to that folder")
        else:
            yield ok("database", f"{file} is not there yet, and is made at the first start")
        return
    mode = S_IMODE(file.stat().st_mode)
    if mode & OTHERS:
        yield wrong("database's file", f"others may read {file} (its mode is {mode:04o})", f"chmod 600 {file}")
    above = file.parent.stat().st_mode
    if above & ALL_WRITE and not above & S_ISVTX:
        said = f"others may put another in its place, in {file.parent} (its mode is {S_IMODE(above):04o})"
        yield wrong("database's folder", said, f"chmod o-w {file.parent}")
    if not all(os.access(one, os.W_OK) for one in (file, file.parent)):
        yield wrong("database's file", f"{file}, or its folder, may not be written to", AS_USER)


def _inside(looked: Looked, url: str) -> Iterator[Finding]:
    if looked.refusal:
        yield trouble("database", looked.refusal)
    if looked.revision is None:
        yield ok("database", "it is empty; its tables are made at the first start")
    elif looked.revision > REVISION:
        said = f"it was made by a newer briefbot (its schema is {looked.revision})"
        yield wrong("database", said, way_back(address_of(url)))
    elif not looked.is_current:
        said = f"its schema is {looked.revision}, and is brought up to {REVISION} at the next start"
        yield ok("database", said)
    else:
        active = sum(one.state == "active" for one in looked.subscriptions)
        yield ok(
            "database", f"its schema is up to date; {active} of {len(looked.subscriptions)} subscriptions are active"
        )
