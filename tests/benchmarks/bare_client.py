"""A client of discord.py that asks Discord for as little as can be, as a process of its own."""

import os

import discord
from discord.http import Route

if __name__ == "__main__":
    Route.BASE = os.environ["DISCORD_API_URL"]
    client = discord.AutoShardedClient(
        intents=discord.Intents.none(),
        max_messages=None,
        member_cache_flags=discord.MemberCacheFlags.none(),
        chunk_guilds_at_startup=False,
    )
    client.run(os.environ["DISCORD_BOT_TOKEN"], log_handler=None)
