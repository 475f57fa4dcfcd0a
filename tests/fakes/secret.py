"""Secrets that fakes and tests make, noted where the whole suite is overheard, to be looked for in what was logged."""

import os
from pathlib import Path

SECRETS = ".secrets"
"""How the name of a file ends into which a process notes the secrets that it has made."""


def secret(made: str) -> str:
    """Returns a secret as it is, and notes it if the suite is overheard, see `tests.overheard`."""
    folder = os.environ.get("OVERHEARD")
    if folder:
        with Path(folder, f"{os.getpid()}{SECRETS}").open("a") as file:
            file.write(f"{made}\n")
    return made
