"""A back-up to the database in use: what was there is kept aside, and what may have been posted since is looked for."""

from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from bot.delivery.proposing import propose_due
from bot.store import backups, copying, doubting
from bot.store.files import deliver_lock, must_be_ours, prepare
from bot.store.lanes import free_lanes
from bot.store.opening import Store, open_store, others_connected, sqlite_file
from bot.store.unavailable import StoreUnavailable


class InTheWay(StoreUnavailable):
    """Says what a back-up is not restored over, and the way out."""


class Restored(Struct, frozen=True):
    """Is what was restored: how many digests and notices may have been posted since, and where the old rows are."""

    backup: backups.Backup
    to_look_for: int
    kept_aside: Path | None


async def restore(url: str, file: Path, folder: Path, now: datetime, program: str, *, force: bool) -> Restored:
    """Puts a back-up in place of what the database at a URL holds, at once or not at all.

    What was there is kept aside, in `folder` where the database is no file; without `force` it is not replaced. What
    was due since the back-up is looked for on its platform before it is posted.

    Raises:
        NoBackup: the file is none, or damaged.
        InTheWay: a process uses the database, or it holds something.
        StoreUnavailable: the database cannot be used, or the back-up is of a newer program.
    """
    backup = backups.read(file)
    path = sqlite_file(url)
    if path:
        must_be_ours(path)  # before anything is made beside it
    beside = path.absolute().parent if path else folder
    beside.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = beside / f"{path.name if path else 'database'}.before-{now:%Y%m%dT%H%M%S}"
    with TemporaryDirectory(prefix=".restoring-", dir=beside) as temporary:
        fresh = Path(temporary) / "restored.db"
        backups.unpack(backup, fresh)
        async with open_store(f"sqlite:///{fresh}") as made:  # which brings its schema up to this program's
            number = await _readied(made, now)
            with deliver_lock(path) if path else nullcontext():
                kept = _moved_aside(path, aside, force=force) if path else None
                async with open_store(url) as target:
                    await _must_be_alone(target)
                    if not await copying.is_empty(target):
                        kept = await _copied_aside(url, target, aside, now, program, force=force)
                    await copying.replace(made, target)
    return Restored(backup, number, kept)


async def _readied(made: Store, now: datetime) -> int:
    """Proposes what was due since the back-up, all of which may be posted, and returns how much that is."""
    await free_lanes(made)
    async for _ in propose_due(made, now):
        pass
    return await doubting.doubt(made, now)


def _moved_aside(path: Path, aside: Path, *, force: bool) -> Path | None:
    """Moves a file aside that cannot be opened as what it is to be; returns where to, if that was so."""
    prepare(path)
    why = backups.unusable(path)
    if not why:
        return None
    _must_be_meant(str(path), why, force=force)
    for end in ("-wal", "-shm", ""):  # what belongs to the old file must not stand beside a new one
        old = path.with_name(f"{path.name}{end}")
        if old.exists():
            old.rename(aside.with_name(f"{aside.name}{end}"))
    return aside


async def _copied_aside(url: str, target: Store, aside: Path, now: datetime, program: str, *, force: bool) -> Path:
    """Makes a back-up of what is replaced."""
    _must_be_meant(target.name, "it has subscriptions or digests", force=force)
    await backups.write(url, aside, now, program)
    return aside


async def _must_be_alone(target: Store) -> None:
    others = await others_connected(target)
    if others:
        raise InTheWay(f"{others} connections of briefbot use the database {target.name}; end those processes first")


def _must_be_meant(name: str, why: str, *, force: bool) -> None:
    if not force:
        raise InTheWay(f"the database {name} is in the way: {why}; with --force it is kept aside and replaced")
