"""Where on Discord somebody asks, and what they may there."""

from typing import Any

import discord

Interaction = discord.Interaction[Any]


def place(interaction: Interaction) -> str:
    """Returns `discord:SERVER/CHANNEL[/THREAD]`, or `discord:@DM/DM` where there is no server."""
    channel = interaction.channel_id
    if not interaction.guild_id:
        return f"discord:@{channel}/{channel}"
    parent = interaction.channel.parent_id if isinstance(interaction.channel, discord.Thread) else None
    return f"discord:{interaction.guild_id}/{f'{parent}/' if parent else ''}{channel}"


def manages(interaction: Interaction) -> bool:
    """Returns whether somebody manages what is posted in the channel: who may manage it, or is alone with the bot.

    Nobody does where the bot came with a person and was not invited: it could not post there.
    """
    if not interaction.guild_id:
        return interaction.context.dm_channel
    may = interaction.permissions
    return interaction.is_guild_integration() and (may.manage_channels or may.administrator)


def manages_anywhere(interaction: Interaction) -> bool:
    """Returns whether somebody manages the whole server."""
    may = interaction.permissions
    return interaction.is_guild_integration() and bool(interaction.guild_id) and (may.manage_guild or may.administrator)
