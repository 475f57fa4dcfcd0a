"""The commands on subscriptions, for who runs the bot: all of them, wherever they are posted."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import replace

from bot.cli.field_options import given, with_fields
from bot.cli.store import UNKNOWN, USED_WRONGLY, Yes, agreed, ended, on_store
from bot.settings import read_settings
from bot.store.values import Subscription, WrongState

if TYPE_CHECKING:
    from bot.store.opening import Store
    from bot.subscribing.fields import Terms
    from knowledge import Knowledge

Id = Annotated[str, typer.Argument(metavar="ID", help="The id of a subscription, as `list` shows it.")]
Workspace = Annotated[str, typer.Option("--workspace", metavar="WORKSPACE", help="Only one: such as slack:T012AB3CD.")]

subscriptions = typer.Typer(
    help="Digests that places have asked for.", no_args_is_help=True, pretty_exceptions_enable=False
)


@subscriptions.command("list")
def listed(workspace: Workspace = "") -> None:
    """List all subscriptions: what each tells, its next three runs on its own clock, and how the last one went."""
    from bot.cli.subscription_lines import listing

    knowledge, now = _knowledge(), datetime.now(UTC)
    lines = on_store(lambda store: listing(store, knowledge, now, workspace))
    where = f" of {workspace}" if workspace else ""
    _say(*lines or [f"There are no subscriptions{where}; `briefbot subscriptions add` makes one."])


@subscriptions.command()
@with_fields
def add(*, yes: Yes = False, **fields: str | None) -> None:
    """Subscribe a place; its next three runs are shown before anything is saved."""
    from bot.subscribing.keeping import drawn_id, subscribe
    from bot.subscribing.subscriptions import made

    knowledge, now = _knowledge(), datetime.now(UTC)
    terms = _checked(given(fields), knowledge)
    new = made(terms, drawn_id(), "", now)
    _show(new, knowledge, now)
    agreed("Save it?", yes=yes)

    async def saved(store: "Store") -> None:
        await _take_up(store, knowledge, now)
        if not await subscribe(store, terms, new.id, new.made_by, now):
            raise WrongState(f"the id {new.id} is taken; try again")

    on_store(saved)
    _say(f"{new.id} is saved. `briefbot subscriptions now {new.id}` posts a first digest at once.")
    if not read_settings().is_on(platform := new.place.partition(":")[0]):
        _say(f"{platform} is off here: it is posted by a `briefbot run` or `briefbot deliver` that has its token.")


@subscriptions.command()
@with_fields
def edit(id_: Id, *, yes: Yes = False, **fields: str | None) -> None:
    """Change what is given, from the next digest on; an empty text stands for the usual value."""
    from bot.cli.subscription_lines import changes_of
    from bot.subscribing import keeping
    from bot.subscribing.fields import edited
    from bot.subscribing.subscriptions import edits

    knowledge, now = _knowledge(), datetime.now(UTC)
    before = _found(id_)
    if keeping.is_declared(before):
        ended(f"{before.id} is declared in a file, which would undo it; change it there", USED_WRONGLY)
    terms = _checked(edited(before, given(fields), knowledge), knowledge, before)
    changes: dict[str, Any] = {name: to for name, to in edits(before, terms, now).items() if name != "lane"}
    if not changes:
        ended(f"{before.id} is so already; nothing is changed", USED_WRONGLY)
    after = replace(before, **changes)
    _show(after, knowledge, now)
    _say(*changes_of(before, after))
    agreed("Save it?", yes=yes)

    async def saved(store: "Store") -> None:
        if not await keeping.edit(store, before, terms, now):
            raise _removed(before)

    on_store(saved)
    _say(f"{before.id} is saved.")


@subscriptions.command()
def pause(id_: Id) -> None:
    """Post nothing more until it is resumed."""
    from bot.subscribing import keeping

    one = _found(id_)
    if not on_store(lambda store: keeping.pause(store, one, "", datetime.now(UTC))):
        ended(str(_removed(one)), USED_WRONGLY)
    _say(f"{one.id} is paused. `briefbot subscriptions resume {one.id}` has it go on.")


@subscriptions.command()
def resume(id_: Id) -> None:
    """Go on with the next run; what was missed is not caught up."""
    from bot.cli.subscription_lines import runs_of
    from bot.schedule import InvalidSchedule
    from bot.subscribing import keeping

    one, now = _found(id_), datetime.now(UTC)
    try:
        if not on_store(lambda store: keeping.resume(store, one, now)):
            ended(f"{one.id} is not paused", USED_WRONGLY)
        _say(f"{one.id} goes on: {', '.join(runs_of(one, now))}, {one.zone}.")
    except InvalidSchedule as invalid:
        ended(f"{one.id} cannot go on: {invalid}; `briefbot subscriptions edit {one.id}` mends it", USED_WRONGLY)


@subscriptions.command()
def remove(id_: Id, *, yes: Yes = False) -> None:
    """End a subscription for good."""
    from bot.subscribing import keeping

    one, now = _found(id_), datetime.now(UTC)
    _show(one, _knowledge(), now)
    agreed("Remove it?", yes=yes)
    try:
        if not on_store(lambda store: keeping.remove(store, one, "", now)):
            raise _removed(one)
    except (keeping.StillDeclared, WrongState) as refused:
        ended(str(refused), USED_WRONGLY)
    _say(f"{one.id} is removed.")


@subscriptions.command()
def preview(id_: Id) -> None:
    """Print the digest that would be posted now; nothing is recorded."""
    from bot.composing import preview as composed
    from bot.platforms.terminal.screen import Screen

    one, knowledge = _found(id_), _knowledge()
    Screen(sys.stdout).show(on_store(lambda store: composed(store, knowledge, one, datetime.now(UTC))))


@subscriptions.command("now")
def post_now(id_: Id) -> None:
    """Post a digest beside the schedule; where nothing is new, from the archive."""
    from bot.subscribing.keeping import post_now as ask_for

    one = _found(id_)
    if one.state != "active":
        ended(f"{one.id} is paused; `briefbot subscriptions resume {one.id}` has it go on", USED_WRONGLY)
    on_store(lambda store: ask_for(store, one, datetime.now(UTC)))
    _say(f"A digest of {one.id} goes out with the next pass of `briefbot run` or `briefbot deliver`.")


@subscriptions.command()
def export(workspace: Workspace = "") -> None:
    """Print subscriptions as a YAML file, which `import` and BRIEFBOT_SUBSCRIPTIONS take."""
    from bot.subscribing.file import written

    typer.echo(written(on_store(lambda store: _of(store, workspace))), nl=False)


@subscriptions.command("import")
def take_in(file: Annotated[Path, typer.Argument(help="A file as `export` prints it.")]) -> None:
    """Take in a YAML file: what is not there is added, what differs is edited, all of it or nothing."""
    from bot.subscribing import declared
    from bot.subscribing.file import InvalidSubscriptions

    knowledge, now = _knowledge(), datetime.now(UTC)

    async def taken(store: "Store") -> tuple[int, int, int]:
        await _take_up(store, knowledge, now)
        plan = await declared.take_in(store, knowledge, file, now)
        return len(plan.added), len(plan.changed), len(plan.paused)

    try:
        added, changed, paused = on_store(taken)
    except InvalidSubscriptions as invalid:
        ended(f"{invalid}\nnothing was taken in", USED_WRONGLY)
    _say(f"{added} added, {changed} edited, {paused} paused.")


def _checked(fields: dict[str, str], knowledge: "Knowledge", before: Subscription | None = None) -> "Terms":
    from bot.subscribing.fields import InvalidFields, checked

    try:
        return checked(fields, knowledge, before)
    except InvalidFields as invalid:
        said = (f"--{field.replace('_', '-')}: {problem}" for field, problem in invalid.problems.items())
        ended("\n".join(said), USED_WRONGLY)


def _found(typed: str) -> Subscription:
    """Returns the subscription of an id as people type it; without one the program ends."""
    from bot.store.subscriptions import everywhere
    from bot.subscribing.keeping import of_id
    from knowledge.problems import did_you_mean

    some = on_store(everywhere)
    one = of_id(some, typed) if typed.strip() else None
    if one is None:
        hint = did_you_mean(typed, [other.id for other in some]) or "; `briefbot subscriptions list` shows them"
        ended(f"there is no subscription {typed!r}{hint}", UNKNOWN)
    return one


async def _of(store: "Store", workspace: str) -> list[Subscription]:
    from bot.store import subscriptions as kept

    return await kept.of_workspace(store, workspace) if workspace else await kept.everywhere(store)


async def _take_up(store: "Store", knowledge: "Knowledge", now: datetime) -> None:
    """Takes up the knowledge first, so that what a new subscription finds is its archive and no news."""
    from bot.delivery.shelf import Shelf

    await Shelf(store, lambda: knowledge).refresh(now)


def _knowledge() -> "Knowledge":
    from knowledge import load

    return load(read_settings().knowledge)


def _show(one: Subscription, knowledge: "Knowledge", now: datetime) -> None:
    from bot.cli.subscription_lines import lines_of

    _say(*lines_of(one, knowledge, now))


def _removed(one: Subscription) -> WrongState:
    return WrongState(f"{one.id} was removed meanwhile")


def _say(*lines: str) -> None:
    for line in lines:
        typer.echo(line)
