"""The chat platforms, each in a folder of its own; imported only when enabled.

A new platform is a folder with `render.py` (`BUDGET` and `payload`), `limits.py` (`violations`, `PLACE`) and later
`adapter.py`, and its line here; the contract suite takes it up by itself.
"""

from functools import cache
from importlib import import_module
from types import ModuleType

PLATFORMS = {
    "terminal": "bot.platforms.terminal",
    "slack": "bot.platforms.slack",
    "discord": "bot.platforms.discord",
}


@cache
def renderer(platform: str) -> ModuleType:
    """Returns the module that renders documents for a platform."""
    return import_module(f"{PLATFORMS[platform]}.render")


@cache
def limits(platform: str) -> ModuleType:
    """Returns the module that knows the limits of a platform."""
    return import_module(f"{PLATFORMS[platform]}.limits")
