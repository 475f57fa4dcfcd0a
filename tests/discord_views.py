"""Components as discord.py itself has them: what somebody would build who sends the same message without us."""

from collections.abc import Mapping, Sequence
from typing import Any

from discord import components, ui
from discord.ui import view as views


def view_of(made: Sequence[Any]) -> ui.LayoutView:
    """Returns a view of discord.py's own items, which it does not keep once it is sent.

    Raises:
        ValueError: discord.py allows no such view.
    """
    built = ui.LayoutView(timeout=None)
    for one in made:
        component = components._component_factory(one)
        assert component
        built.add_item(views._component_to_item(component))
    built.stop()
    return built


def in_full(message: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a message with all that goes without saying in its components, as discord.py would send it."""
    made: Any = view_of(message["components"]).to_components()  # type: ignore[no-untyped-call]
    return {**message, "components": made}
