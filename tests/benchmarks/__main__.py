"""Runs the benchmarks, each module in a process of its own, and prints one table."""

import importlib
import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks.figures import Figure
from tests.benchmarks.table import table

MODULES = (
    "composing",
    "serving_slack",
    "serving_discord",
    "sending",
    "storing",
    "firing",
    "delivering",
    "looking_up",
    "loading",
    "idling",
    "memory",
    "starting",
)
"""Each has `figures()`, which measures and yields what it has found."""


def main(arguments: list[str]) -> None:
    """Prints the table of the modules named, of all without a name; `--one MODULE` measures here, in lines of JSON."""
    if arguments[:1] == ["--one"]:
        for figure in importlib.import_module(f"tests.benchmarks.{arguments[1]}").figures():
            print(figure.written(), flush=True)
    else:
        print(table([figure for module in arguments or MODULES for figure in _measured(module)]))


def _measured(module: str) -> Iterator[Figure]:
    print(f"{module} ...", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "tests.benchmarks", "--one", module]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return (Figure.read(line) for line in lines)


if __name__ == "__main__":
    main(sys.argv[1:])
