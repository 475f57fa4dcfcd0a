"""The command line; the only place that reads the environment."""

import gc
import os
import sys
from contextlib import suppress

from bot.unusable import Unusable

UNUSABLE = 3
"""Exit status where settings or knowledge cannot be used, or an answer failed by our fault."""


def main() -> None:
    """Runs the command line; whatever cannot be used is said on standard error, without a traceback."""
    gc.disable()  # what one answer leaves behind is less than the search for it costs
    # Looking for plugins, of which none is ours, pydantic reads what every installed distribution says of itself.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from bot.cli.problems import tell
    from knowledge import InvalidKnowledge

    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the program
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: PTH123, SIM115
        getattr(sys, name).reconfigure(errors="surrogateescape" if name == "stdin" else "replace")
    try:
        _run(sys.argv[1:])
        sys.stdout.flush()
    except InvalidKnowledge as invalid:
        tell(invalid)
        sys.exit(UNUSABLE)
    except Unusable as reason:
        sys.stderr.write(f"{reason}\n")
        sys.exit(UNUSABLE)
    except OSError as error:
        sys.stderr.write(f"the answer could not be written: {error.strerror}; free the disk or give another place\n")
        sys.exit(UNUSABLE)
    finally:
        if not gc.isenabled():
            gc.freeze()  # or Python would look for cycles in all that ends now anyway, for a third of the time of `ask`


def _run(arguments: list[str]) -> None:
    match arguments:
        case ["ask", line] if line.startswith("/"):  # so plain that what parses options is not waited for
            from bot.cli.asked import Misused, answer

            with suppress(Misused):  # which the parser tells in its own words
                sys.exit(answer(line))
    from bot.cli.app import app

    app()


if __name__ == "__main__":
    main()
