"""Whether there is room where the program keeps its own files."""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.findings import Finding, ok, wrong

LEAST = 200 * 2**20
"""Bytes that have to be free."""


AS_USER = "give it to the user that the program runs as, and ask as that user"


def disk(folders: Iterable[Path], least: int = LEAST) -> Iterator[Finding]:
    """Yields how much room there is in each folder, or where it would be made."""
    for folder in dict.fromkeys(folders):
        try:
            there = nearest_folder(folder)
            free = shutil.disk_usage(there).free
        except OSError as error:
            yield wrong(f"disk of {folder}", f"it cannot be looked at: {error.strerror}", AS_USER)
            continue
        said = f"{free / 2**30:,.1f} GiB free"
        if free < least:
            yield wrong(f"disk of {folder}", said, "free some space: without, nothing is posted")
        elif not os.access(there, os.W_OK | os.X_OK):
            yield wrong(f"disk of {folder}", "it may not be written to", AS_USER)
        else:
            yield ok(f"disk of {folder}", said)


def nearest_folder(path: Path) -> Path:
    """Returns the folder, or the nearest above it that is there."""
    return next((one for one in (path, *path.absolute().parents) if one.is_dir()), Path("/"))
