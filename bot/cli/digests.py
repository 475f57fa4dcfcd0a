"""The commands that post: one pass, a rehearsal, and what is to be done about digests that stopped."""

import asyncio
import sys
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.cli.store import on_store
from bot.log import prepare_logging
from bot.settings import read_settings
from bot.store.values import Work, WrongState

if TYPE_CHECKING:
    from bot.store.opening import Store

MOST_LISTED = 50
deliveries = typer.Typer(help="Digests that were posted, or were to be; those that wait for a person.")


def deliver() -> None:
    """Post what is due now and exit, for a cron of your own: `briefbot run` does it all the time."""
    from bot.delivering import deliver as deliver_due

    settings = read_settings()
    prepare_logging(settings.log_level, settings.data_dir, settings.secrets)
    asyncio.run(deliver_due(settings))


def rehearse(
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, in UTC.")],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")],
) -> None:
    """Print all that would be posted between two days, by a copy of the database; nothing is sent or changed."""
    from bot.delivering import rehearse as rehearse_days

    if end < start:
        raise typer.BadParameter(f"--to {end:%Y-%m-%d} lies before --from {start:%Y-%m-%d}; turn them round")
    settings = read_settings()
    # Below, it would be told as posted what is only rehearsed.
    prepare_logging("WARNING", settings.data_dir, settings.secrets)
    period = start.replace(tzinfo=UTC), datetime.combine(end.date(), time.max, UTC)
    asyncio.run(rehearse_days(settings, period, sys.stdout))


@deliveries.callback(invoke_without_command=True)
def listed(
    context: typer.Context,
    *,
    uncertain: Annotated[bool, typer.Option("--uncertain", help="Only those that wait for a person.")] = False,
) -> None:
    """List the latest digests, newest first, each with its state and why."""
    if context.invoked_subcommand:
        return
    from bot.store import slots

    works = on_store(lambda store: slots.uncertain(store) if uncertain else slots.latest(store, MOST_LISTED))
    for work in works:
        typer.echo(_line(work))
    if not works:
        typer.echo("Nothing waits for a person." if uncertain else "Nothing was due yet.")


@deliveries.command()
def retry(id_: Annotated[str, typer.Argument(metavar="ID", help="The id of a digest, as its footer has it.")]) -> None:
    """Send a digest again that failed, was skipped, or may not have arrived."""
    from bot.store import settling

    now = datetime.now(UTC)

    async def again(store: "Store") -> str:
        work = await _found(store, id_)
        if work.slot.state == "uncertain":
            await settling.settle(store, work.slot.id, "retry", now, deadline=_deadline(work, now))
        else:
            await settling.reopen(store, work.slot.id, _deadline(work, now), now)
        return work.slot.short_id

    typer.echo(f"{on_store(again)} goes out with the next pass of `briefbot run` or `briefbot deliver`.")


class How(Enum):
    """What became of a digest, as somebody found who looked."""

    SENT = "sent"
    FAILED = "failed"


@deliveries.command()
def settle(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The id of a digest, as its footer has it.")],
    how: Annotated[How, typer.Option("--as", help="What you found in its place.")] = How.SENT,
) -> None:
    """Say that an uncertain digest is out, or with `--as failed` that it is not and is to be left."""
    from bot.store import settling

    now = datetime.now(UTC)

    async def said(store: "Store") -> str:
        work = await _found(store, id_)
        became: Literal["sent", "failed"] = "sent" if how is How.SENT else "failed"
        await settling.settle(store, work.slot.id, became, now, deadline=_deadline(work, now))
        return work.slot.short_id

    typer.echo(f"{on_store(said)} is settled as {how.value}.")


def _deadline(work: Work, now: datetime) -> datetime:
    """Returns until when it is tried to post what a person says is to go out."""
    return now + max(work.slot.deadline - work.slot.due, timedelta(hours=1))


async def _found(store: "Store", id_: str) -> Work:
    from bot.store import slots

    work = await slots.get(store, id_)
    if work is None:
        raise WrongState(f"there is no digest {id_!r}; `briefbot deliveries` lists them")
    return work


def _line(work: Work) -> str:
    slot, current = work.slot, work.current
    part = f" part {current.part} of {len(work.deliveries)}" if current and len(work.deliveries) > 1 else ""
    reason = (current.reason if current else "") or slot.reason
    due = f"{slot.due:%Y-%m-%d %H:%M} UTC"
    return f"{slot.short_id}  {due}  {slot.kind:<10} {slot.state}{part}  {slot.place}{f'  {reason}' if reason else ''}"
