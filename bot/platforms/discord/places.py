"""Where on Discord something is posted."""

from msgspec import Struct


class Target(Struct, frozen=True):
    """Is a place by Discord's ids: a channel or a thread of a server, or a person, or a conversation with one.

    `guild` is empty where there is no server; `user` is empty where the channel is known.
    """

    guild: str = ""
    channel: str = ""
    thread: str = ""
    user: str = ""

    @property
    def room(self) -> str:
        """The id of the channel or thread that is written to; empty for a person."""
        return self.thread or self.channel


def target(place: str) -> Target:
    """Returns what `discord:GUILD/CHANNEL[/THREAD]`, `discord:GUILD/@USER` or `discord:@DM/DM` means."""
    guild, _, rest = place.partition(":")[2].partition("/")
    channel, _, thread = rest.partition("/")
    if channel.startswith("@"):
        return Target(user=channel[1:])
    return Target("" if guild.startswith("@") else guild, channel, thread)
