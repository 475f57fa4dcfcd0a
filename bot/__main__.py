"""The command line; the only place that reads the environment."""

import gc
import os
import sys
from typing import Annotated

import typer

from bot.cli.commands import Commands
from bot.unusable import Unusable

UNUSABLE = 3
"""Exit status where settings or knowledge cannot be used, or an answer failed by our fault."""

app = typer.Typer(
    cls=Commands,
    help="Curated, cited briefings about companies and themes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _begin(
    context: typer.Context,
    *,
    version_: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if context.invoked_subcommand != "ask":
        gc.enable()
    if version_:
        from importlib.metadata import version

        typer.echo(f"briefbot {version('briefbot')}")
        raise typer.Exit


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
        app()
        sys.stdout.flush()
    except InvalidKnowledge as invalid:
        tell(invalid)
        sys.exit(UNUSABLE)
    except Unusable as reason:
        typer.echo(str(reason), err=True)
        sys.exit(UNUSABLE)
    except OSError as error:
        sys.stderr.write(f"the answer could not be written: {error.strerror}; free the disk or give another place\n")
        sys.exit(UNUSABLE)
    finally:
        if not gc.isenabled():
            gc.freeze()  # or Python would look for cycles in all that ends now anyway, for a third of the time of `ask`


if __name__ == "__main__":
    main()
