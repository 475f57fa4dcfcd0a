"""SQLite's file: where it may lie, who may read it, and which process delivers from it."""

import fcntl
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EISDIR
from pathlib import Path

from bot.store.unavailable import StoreUnavailable

_NETWORK = {"afs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "lustre", "nfs", "nfs4", "smb3", "smbfs"}
OTHERS = 0o077
"""What of a mode is for others than the owner."""

_MOUNTS = Path("/proc/self/mounts")


def prepare(path: Path, mounts: Path = _MOUNTS) -> None:
    """Creates the file where it is missing, for its owner alone; SQLite gives its other files the same mode.

    Raises:
        StoreUnavailable: it cannot be created, or lies where SQLite's locks cannot be relied on.
    """
    refusal = on_network(path, mounts)
    if refusal:
        raise StoreUnavailable(refusal)
    must_be_ours(path)
    try:
        if path.is_dir():  # a driver that fails to open it may tell so when nobody listens any more
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDONLY if path.exists() else os.O_RDWR | os.O_CREAT, 0o600))
        if path.stat().st_mode & OTHERS:
            path.chmod(0o600)
    except OSError as error:
        raise StoreUnavailable(
            f"the database {path} cannot be opened ({error.strerror}); "
            "give a file in a folder that the program may write to"
        ) from None


def must_be_ours(path: Path) -> None:
    """Checks that a database is this user's: what SQLite writes beside that of another would shut its owner out.

    Nor does the superuser make one in a folder of another's.

    Raises:
        StoreUnavailable: it is another's.
    """
    ours = os.geteuid()
    there = path if path.exists() or ours else next(one for one in path.absolute().parents if one.exists())
    owner = there.stat().st_uid if there.exists() else ours
    if owner != ours:
        name = _user(owner)
        raise StoreUnavailable(
            f"{there} belongs to {name}, and this program runs as {_user(ours)}; run it as its owner, such as by "
            f"`sudo -u {name}`"
        )


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"#{number}"


def on_network(path: Path, mounts: Path = _MOUNTS) -> str:
    """Returns why a file must not lie where it does, for SQLite's locks cannot be relied on there; else nothing."""
    kind = file_system(path, mounts)
    if kind not in _NETWORK:
        return ""
    return (
        f"the database {path} lies on a network file system ({kind}), where SQLite is not safe; "
        "give BRIEFBOT_DATA_DIR a folder on a local disk, or use PostgreSQL by DATABASE_URL"
    )


def file_system(path: Path, mounts: Path = _MOUNTS) -> str:
    """Returns the kind of file system that a path is on; empty where this machine does not tell."""
    try:
        lines = [line.split(" ") for line in mounts.read_text().splitlines()]
    except OSError:
        return ""
    place = path.resolve()
    found = [(len(point.parts), kind) for _, where, kind, *_ in lines if place.is_relative_to(point := _point(where))]
    return max(found, key=lambda one: one[0], default=(0, ""))[1]


def _point(written: str) -> Path:
    return Path(written.encode().decode("unicode_escape"))  # a space is written \040


@contextmanager
def deliver_lock(path: Path) -> Iterator[None]:
    """Holds the right to deliver from the SQLite file `path`; the system gives it up if the process dies.

    Raises:
        StoreUnavailable: another process delivers from it.
    """
    beside = path.with_name(f"{path.name}.delivering")
    try:
        number = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"{beside} cannot be opened ({error.strerror}); let its folder be written to") from None
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(number, 20, 0).decode(errors="replace").strip() or "unknown"
            raise StoreUnavailable(
                f"another process (id {holder}) delivers from {path}; end it, or use PostgreSQL for several replicas"
            ) from None
        os.ftruncate(number, 0)
        os.pwrite(number, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(number)
