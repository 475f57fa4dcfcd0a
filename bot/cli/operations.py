"""The commands that keep, bring back, hand out and forget what the database holds."""

import asyncio
import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.piped import PIPED, piped_in, piped_out
from bot.cli.store import USED_WRONGLY, agreed, ended, on_store, prepared
from bot.places import InvalidPlace, workspace_of

Written = Annotated[Path, typer.Argument(metavar="FILE", help="The file to be written; - is standard output.")]
Kept = Annotated[Path, typer.Argument(metavar="FILE", help="A file that `backup` has written; - is standard input.")]
Workspace = Annotated[str, typer.Argument(metavar="WORKSPACE", help="Such as slack:T012AB3CD or discord:1234567890.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]

_NOT_KNOWN = """\
What was posted since then is looked for on its platform before anything is posted; where that cannot be told, it waits
for a person (`briefbot deliveries --uncertain`). Not known any more, of the time since then: subscriptions that were
made, changed or removed, workspaces that were erased (erase them again), digests that somebody asked for, and what each
channel was shown, so that a claim that was new then may come once more."""


def backup(file: Written, *, force: Force = False) -> None:
    """Write the database to one file, while the bot runs; the knowledge and the settings are files of yours."""
    from bot.store.backups import write

    settings, now = prepared(), datetime.now(UTC)
    if file.exists() and not force:
        ended(f"{file} is there already; give another name, or --force to replace it", USED_WRONGLY)
    with piped_out(file, settings.data_dir) as made:
        asyncio.run(write(settings.database, made, now, version("briefbot")))
        size = made.stat().st_size
    name, piped = ("This", True) if file == PIPED else (file, False)
    typer.echo(f"{name} holds the database of {now:%Y-%m-%d %H:%M:%S} UTC, {size:,} bytes, checked.", err=piped)


def restore(file: Kept, *, force: Force = False) -> None:
    """Put a back-up in place of the database, on either engine; what was there is kept aside."""
    from bot.operating.restoring import InTheWay
    from bot.operating.restoring import restore as put_back

    settings, now = prepared(), datetime.now(UTC)
    with piped_in(file, settings.data_dir) as given:
        put = put_back(settings.database, given, settings.data_dir, now, version("briefbot"), force=force)
        try:
            done = asyncio.run(put)
        except InTheWay as wrong:
            ended(str(wrong), USED_WRONGLY)
    if done.kept_aside:
        typer.echo(f"What was there is kept in {done.kept_aside}.")
    typer.echo(f"The database is that of {done.backup.made_at:%Y-%m-%d %H:%M:%S} UTC again.")
    typer.echo(f"Digests and notices that were due since, or were open: {done.to_look_for}.\n{_NOT_KNOWN}")


def erase(
    workspace: Workspace, *, yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; do it.")] = False
) -> None:
    """Delete all that is kept of a workspace, for good."""
    from bot.store.erasing import erase as deleted

    where = _workspace(workspace)
    agreed(f"Delete all that is kept of {where}, its subscriptions too? It cannot be undone.", yes=yes)
    gone = on_store(lambda store: deleted(store, where))
    rows = ", ".join(f"{number} {name}" for name, number in gone.items() if number) or "nothing"
    typer.echo(f"Deleted of {where}: {rows}.")
    typer.echo("Back-ups and logs are files of yours; so is one that declares subscriptions, which would come back.")


def export(workspace: Workspace) -> None:
    """Print all that is kept of a workspace, as JSON."""
    from bot.store.upkeep import export as told

    where = _workspace(workspace)
    typer.echo(json.dumps(on_store(lambda store: told(store, where)), ensure_ascii=False, indent=2))


def _workspace(typed: str) -> str:
    try:
        return workspace_of(typed)
    except InvalidPlace as invalid:
        ended(str(invalid), USED_WRONGLY)
