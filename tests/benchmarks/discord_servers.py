"""The servers of Discord under test: `python -m tests.benchmarks.discord_servers product|discord.py SETTINGS`.

Both receive interactions over the Gateway and answer each by one callback. discord.py is used as its documentation
shows, a command of a tree whose callback sends a view; the view is made once, and no longer kept by discord.py.
"""

from pathlib import Path

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket

from bot.platforms.discord import answering
from bot.platforms.discord.adapter import Discord
from bot.platforms.discord.client import point_at
from bot.platforms.discord.messages import private
from bot.platforms.discord.render import BUDGET
from bot.platforms.discord.state import State
from bot.tally import Tally
from briefings.paginate import paginate
from tests.benchmarks.serving_child import LINE, Settings, core, main, ready
from tests.discord_views import view_of


async def product(told: Settings) -> None:
    """Serves by our own adapter, with its guards and its log."""
    tally = Tally()
    if not told["composes"]:
        ready(answering, "page_at", "private")
    platform = Discord(told["token"], State(Path(told["data"], "discord.json")), told["api_url"], tally=tally)
    await platform.serve(core(told, "discord", tally))


async def plain(told: Settings) -> None:
    """Serves by discord.py alone."""
    reply = await core(told, "discord").answer_line(LINE)
    view = view_of(private(paginate(reply.document, BUDGET)[0]).rendered)
    point_at(told["api_url"])
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(told["gateway_url"])
    client = _Client()

    @client.tree.command(name="company", description="Tells of a company.")
    async def company(interaction: discord.Interaction, name: str) -> None:
        nobody = discord.AllowedMentions.none()
        await interaction.response.send_message(
            view=view, ephemeral=True, allowed_mentions=nobody, suppress_embeds=True
        )

    await client.start(told["token"])


class _Client(discord.Client):
    def __init__(self) -> None:
        super().__init__(
            intents=discord.Intents.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        await self.tree.sync()


if __name__ == "__main__":
    main({"product": product, "discord.py": plain})
