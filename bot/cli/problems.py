"""What is wrong with the knowledge, told to its curator."""

import sys

from knowledge import InvalidKnowledge

MOST_TOLD = 200


def tell(invalid: InvalidKnowledge) -> None:
    """Prints the problems on standard error, 200 at most, and their number."""
    for problem in invalid.problems[:MOST_TOLD]:
        sys.stderr.write(f"{problem}\n")
    number = len(invalid.problems)
    if number > MOST_TOLD:
        sys.stderr.write(f"... and {number - MOST_TOLD:,} more\n")
    sys.stderr.write(f"{number:,} problem{'s'[: number > 1]} in the knowledge; nothing was loaded.\n")
