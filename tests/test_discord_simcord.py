"""Discord in process, in a simulation of others' making: permissions, limits and the life of an interaction."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any

import discord
import simcord

from bot.answer import Answers
from bot.platforms.discord.answering import Answering
from bot.platforms.discord.client import Client
from bot.platforms.discord.pacing import Pacing
from bot.platforms.discord.sessions import Sessions
from bot.platforms.discord.state import State
from bot.ports import Core
from tests.builders import TODAY, airships
from tests.discord_in_process import core

KNOWN = airships()


def simulated(
    folder: Path, scene: Callable[[Any], Awaitable[None]], opening: AbstractAsyncContextManager[Core] | None = None
) -> None:
    """Plays a scene in which the bot is one of the actors; its core may have to be opened."""

    async def play() -> None:
        async with opening or nullcontext(Answers(lambda: KNOWN, lambda: TODAY)) as core:
            state = State(folder / "discord.json")
            client = Client(Answering(core), core.menu, state, Sessions(state), Pacing("https://discord.com/api/v10"))
            async with simcord.run(client, shard_count=1) as env:
                await scene(env)

    asyncio.run(play())


def test_every_command_is_available_and_answered_privately(tmp_path: Path) -> None:
    asked = {
        "company": {"name": "zephyr"}, "theme": {"name": "tourism"}, "compare": {"a": "zephyr", "b": "nimbus"},
        "search": {"words": "airships"}, "changes": {}, "companies": {}, "themes": {}, "source": {"id": "leaflet"},
        "timeline": {"name": "zephyr"}, "spot": {"text": "Zephyr Airships"},
        "subscriptions": {}, "why": {"id": "7F3A2K9Q"}, "help": {},
    }  # fmt: skip

    async def scene(env: Any) -> None:
        channel = env.create_guild().create_text_channel("general")
        assert set(env.guild.add_member(env.create_user("bo")).available_commands(channel)) == set(asked)
        for number, (name, options) in enumerate(asked.items()):
            anna = env.guild.add_member(env.create_user(f"anna{number}"))
            result = await anna.slash(channel, name, **options)
            assert result.ephemeral, name
            assert result.response.flags.components_v2
            assert not result.followups

    simulated(tmp_path, scene)


def test_it_answers_where_it_may_not_even_write(tmp_path: Path) -> None:
    async def scene(env: Any) -> None:
        guild = env.create_guild()
        everyone = discord.PermissionOverwrite(send_messages=False)
        channel = guild.create_text_channel("read-only", overwrites={guild.default_role: everyone})
        result = await guild.add_member(env.create_user("anna")).slash(channel, "company", name="zephyr")
        assert result.ephemeral

    simulated(tmp_path, scene)


def test_an_autocompletion_is_chosen_and_a_control_clicked(tmp_path: Path) -> None:
    async def scene(env: Any) -> None:
        channel = env.create_guild().create_text_channel("general")
        anna = env.guild.add_member(env.create_user("anna"))
        offered = await anna.autocomplete(channel, "company", "name", "ze")
        assert offered == [{"name": "Zephyr Airships", "value": "zephyr"}]
        result = await anna.slash(channel, "company", name="zephyr")
        clicked = await anna.click(result.response.message, custom_id="1:/company zephyr page:2")
        assert clicked.acknowledged
        assert "Page 2 of 2" in str(result.response.components)

    simulated(tmp_path, scene)


def test_the_command_that_subscribes_is_for_whoever_may_manage_the_channel(tmp_path: Path) -> None:
    async def scene(env: Any) -> None:
        guild = env.create_guild()
        channel = guild.create_text_channel("general")
        role = guild.create_role(name="editors", permissions=discord.Permissions(manage_channels=True))
        anna, bo = guild.add_member(env.create_user("anna"), roles=[role]), guild.add_member(env.create_user("bo"))
        assert "subscribe" in anna.available_commands(channel)
        assert "subscribe" not in bo.available_commands(channel)

    simulated(tmp_path, scene)


def test_a_form_is_sent_mended_and_answered(tmp_path: Path) -> None:
    async def scene(env: Any) -> None:
        anna = env.create_user("anna")
        shown = await anna.slash("subscribe")
        wrong = await anna.submit_modal(shown, {"schedule": "whenever", "zone": "UTC", "more": "most: 5"})
        again = await anna.click(wrong.response.message, label="Change")
        assert "whenever" in str(again.modal)
        offer = await anna.submit_modal(again, {"schedule": "daily 8am", "zone": "UTC", "more": "most: 5"})
        assert offer.acknowledged
        assert "Thu 16 Jun 2033" in str(wrong.response.components)

    simulated(tmp_path, scene, core(tmp_path))
