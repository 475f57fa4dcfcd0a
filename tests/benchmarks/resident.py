"""The real program that also names the libraries that it has loaded, and a process that imports those and nothing else.

`python -m tests.benchmarks.resident run` writes them to the file MODULES when it is sent SIGUSR1;
`python -m tests.benchmarks.resident --import FILE` imports them, says so, and waits to be killed.
"""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

OURS = ("bot", "briefings", "knowledge", "tests", "__main__", "__mp_main__")


def _name(*_: object) -> None:
    """Writes the names down, in the order in which they were imported."""
    libraries = [name for name in list(sys.modules) if name.partition(".")[0] not in OURS]
    Path(os.environ["MODULES"]).write_text("\n".join(libraries))


def _import(names: Path) -> None:
    for name in names.read_text().split():
        try:
            import_module(name)
        except ImportError:  # one that only seems to be a module, such as those of `six.moves`
            continue
    print("imported", file=sys.stderr, flush=True)
    signal.pause()


if __name__ == "__main__":
    if sys.argv[1] == "--import":
        _import(Path(sys.argv[2]))
    else:
        from bot.__main__ import main

        signal.signal(signal.SIGUSR1, _name)
        main()
