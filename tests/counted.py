"""The real program that also tells how many tasks it has and how much memory is in use: `python -m tests.counted run`.

They are told in the file `COUNTED`. What the C library and Python keep free between what is in use, they do not count:
the memory of a busy process grows by such gaps for a while. Nor do they count what waits for the collector of cycles.
"""

import asyncio
import ctypes
import gc
import os
import sys
from itertools import count
from pathlib import Path

import bot.app
from bot.__main__ import main
from bot.settings import Settings

COLLECTED = 30
"""Seconds after which memory is counted anew: to collect before takes a busy process a tenth of a second."""
BLOCK = 100
"""Bytes of a block of Python's, on average."""

_serve = bot.app.run


class _Heap(ctypes.Structure):
    """Is what mallinfo2(3) tells of the C library's heap."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks",
        "fsmblks", "uordblks", "fordblks", "keepcost"))  # fmt: skip


def _in_use() -> int:
    """Returns how many bytes are in use, about."""
    look = ctypes.CDLL(None).mallinfo2
    look.restype = _Heap
    heap = look()
    return int(heap.uordblks + heap.hblkhd) + BLOCK * sys.getallocatedblocks()


async def _told(file: Path) -> None:
    in_use = 0
    for second in count():
        if second % COLLECTED == 0:
            gc.collect()
            in_use = _in_use()
        file.write_text(f"{len(asyncio.all_tasks()) - 1} {in_use}")
        await asyncio.sleep(1)


async def run(settings: Settings, *, terminal: bool) -> None:
    """Serves as the program does, and writes the number of its tasks down each second."""
    telling = asyncio.create_task(_told(Path(os.environ["COUNTED"])))
    try:
        await _serve(settings, terminal=terminal)
    finally:
        telling.cancel()


if __name__ == "__main__":
    bot.app.run = run
    main()
