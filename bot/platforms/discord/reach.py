"""Whether messages can be posted to a channel or thread of a server, as far as Discord tells."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.platforms.discord.access import Access
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.places import Target
from bot.platforms.discord.refusals import LOCKED, permanent

Channel = Mapping[str, Any]


async def reached(
    at: Target, guilds: Guilds, access: Access, channel: Callable[[str], Awaitable[Channel]], *, anew: bool = False
) -> Channel:
    """Returns the channel or thread; `anew`: what is known of the server's rights is not believed.

    Raises:
        DeliveryError: messages cannot be posted there, or that could not be asked.
    """
    await guilds.check(at.guild)
    await access.look(at, anew=anew)
    found = await channel(at.room)
    if (found.get("thread_metadata") or {}).get("locked"):
        raise permanent(LOCKED)
    return found
