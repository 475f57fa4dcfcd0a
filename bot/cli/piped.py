"""Files that are given as `-`: written to standard output, or read from standard input, by way of one of ours."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.cli.store import USED_WRONGLY, ended

PIPED = Path("-")
UNUSABLE = 3


@contextmanager
def piped_out(file: Path, folder: Path) -> Iterator[Path]:
    """Gives the path to write a file to; what is piped is passed on at the end of the context, if that was reached.

    Raises:
        Exit: standard output is a terminal, or nobody takes all of it.
    """
    if file != PIPED:
        yield file
        return
    if sys.stdout.isatty():
        ended("that is nothing to be read; give a file, or put > and the name of one behind the command", USED_WRONGLY)
    with _ours(folder) as made:
        yield made
        with made.open("rb") as whole:
            shutil.copyfileobj(whole, sys.stdout.buffer)
        sys.stdout.buffer.flush()


@contextmanager
def piped_in(file: Path, folder: Path) -> Iterator[Path]:
    """Gives the path to read a file from, which for a pipe goes at the end of the context.

    Raises:
        Exit: there is no room for it.
    """
    if file != PIPED:
        yield file
        return
    with _ours(folder) as made:
        with made.open("xb") as whole:
            shutil.copyfileobj(sys.stdin.buffer, whole)
        yield made


@contextmanager
def _ours(folder: Path) -> Iterator[Path]:
    """Gives a path where only the owner can look, in a folder that has room for a database."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".piped-", dir=folder) as private:
            yield Path(private) / "piped"
    except OSError as error:
        ended(f"nothing can be piped by way of {folder} ({error.strerror}); free the disk, or give a file", UNUSABLE)
