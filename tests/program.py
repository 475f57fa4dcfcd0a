"""The command line in this process, so that its many small commands are quick to try."""

import gc
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from bot.__main__ import main
from tests.builders import AIRSHIPS

_OURS = ("BRIEFBOT_", "SLACK_", "DISCORD_", "DATABASE_")


@dataclass(frozen=True)
class Ran:
    """Is how the program ended, and what it said."""

    status: int
    stdout: str
    stderr: str


def program(*arguments: str, stdin: str = "", **environment: str) -> Ran:
    """Runs the program from its first line to its last on the knowledge of airships, with settings."""
    typed, out, err = io.BytesIO(stdin.encode()), io.BytesIO(), io.BytesIO()
    usual = {"BRIEFBOT_KNOWLEDGE": str(AIRSHIPS), "BRIEFBOT_LOG_LEVEL": "WARNING", "COLUMNS": "200"}
    broken_pipe = signal.getsignal(signal.SIGPIPE)
    with pytest.MonkeyPatch.context() as patch, _logging_as_before():
        for name in [name for name in os.environ if name.startswith(_OURS)]:
            patch.delenv(name)
        for name, value in (usual | environment).items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["briefbot", *arguments])
        streams = [io.TextIOWrapper(raw, "utf-8", write_through=True) for raw in (typed, out, err)]
        for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
            patch.setattr(sys, name, stream)
        try:
            main()
            status = 0
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            gc.unfreeze()
            gc.enable()
            if signal.getsignal(signal.SIGPIPE) is not broken_pipe:
                signal.signal(signal.SIGPIPE, broken_pipe)  # or whoever hangs up on a later test ends them all
    return Ran(status, out.getvalue().decode(), err.getvalue().decode())


@contextmanager
def _logging_as_before() -> Iterator[None]:
    """Puts back what the program has done to the logs of this process, and to what ends it."""
    root, ours = logging.getLogger(), logging.getLogger("briefbot")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    hooks = sys.excepthook, threading.excepthook
    root.handlers[:] = []  # or they would be closed
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(levels[0])
        ours.setLevel(levels[1])
        sys.excepthook, threading.excepthook = hooks
        logging.captureWarnings(capture=False)
