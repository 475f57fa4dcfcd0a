"""The fields of a subscription as options of the command line."""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Annotated

import typer

OPTIONS = {
    "place": "Where it is posted, such as terminal:local/here or slack:T012AB3CD/C012AB3CD.",
    "schedule": 'When: such as "weekdays at 09:00", "every 2 hours", or a cron of five fields.',
    "zone": "Whose clock: such as Asia/Shanghai.",
    "title": "What it is called, if not after its topics.",
    "topics": "Companies, themes and markets, with commas; words:TEXT looks for words. Without: everything.",
    "except": "What is left out, written as topics are.",
    "match": "any of the topics, or all their kinds: any, all.",
    "most": "The most items: 1 to 25.",
    "layout": "full, or headlines.",
    "nothing": "When nothing is new: skip, say, or tell from the archive.",
    "catch_up": "How late it may still be posted: 30m, 6h, 2d.",
    "holidays": "Countries on whose holidays it pauses: CN, US.",
    "policy": "Where nobody can tell whether it arrived: at_most_once, at_least_once.",
    "tags": "Tags of a forum's post, with commas.",
}
"""All fields of a subscription, each with what its option says of it."""


def with_fields(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command an option for each field; it gets those that were given."""
    own = [one for one in signature(command).parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
    options = [_option(field, said) for field, said in OPTIONS.items()]
    command.__signature__ = signature(command).replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    return command


def given(fields: Mapping[str, str | None]) -> dict[str, str]:
    """Returns the fields whose options were given, by name."""
    return {name.removesuffix("_"): text for name, text in fields.items() if text is not None}


def _option(field: str, said: str) -> Parameter:
    option = typer.Option(f"--{field.replace('_', '-')}", help=said, show_default=False)
    return Parameter(f"{field}_", Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option])
