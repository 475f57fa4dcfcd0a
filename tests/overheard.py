"""A plugin of pytest by which the whole suite is overheard: `pytest -p tests.overheard`, with a folder in OVERHEARD.

Whatever is logged at DEBUG, in this process or by a bot that a test runs, is written there as the program writes it.
"""

import logging
import os
from pathlib import Path

from bot.log import prepare_logging

FOLDER = "OVERHEARD"


def pytest_configure() -> None:
    """Has all loggers of this process write as those of the program do, beside what tests do with them."""
    folder = Path(os.environ[FOLDER])
    prepare_logging("DEBUG")
    root = logging.getLogger()
    made = root.handlers[:]
    root.handle(root.makeRecord("briefbot.overheard", logging.INFO, "", 0, "listening in", (), None))
    (formatting,) = [one.formatter for one in root.handlers if one not in made]
    file = logging.FileHandler(folder / f"{os.getpid()}.log", encoding="utf-8", errors="backslashreplace")
    file.setFormatter(formatting)
    root.handlers[:] = [file]
