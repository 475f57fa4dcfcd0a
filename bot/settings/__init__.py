"""What an operator may set: the face of this package."""

from bot.settings.model import CURATED, Settings
from bot.settings.names import variable
from bot.settings.reading import InvalidSettings, Reading, read, read_settings

__all__ = ["CURATED", "InvalidSettings", "Reading", "Settings", "read", "read_settings", "variable"]
