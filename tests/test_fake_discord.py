"""The fake Discord, tried with the real discord.py and a small bot that is not ours."""

import asyncio
import json
import threading
import time
import zlib
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands, ui

from tests.fakes.discord import Asked, FakeDiscord, Message
from tests.fakes.discord_commands import command_problems
from tests.fakes.discord_components import choice_problems, component_problems, modal_problems
from tests.fakes.discord_contents import manners, masked_links, message_problems
from tests.fakes.discord_faults import Kind
from tests.fakes.discord_server import SEND, VIEW

QUIET: dict[str, Any] = {"allowed_mentions": {"parse": []}}
V2 = 1 << 15
Thing = dict[str, Any]


class Card(ui.LayoutView):
    """A text with two buttons and a menu."""

    def __init__(self, text: str) -> None:
        super().__init__(timeout=None)
        more: ui.Button[Card] = ui.Button(label="More", custom_id="more")
        link: ui.Button[Card] = ui.Button(label="Source", url="https://source.example")
        options = [discord.SelectOption(label=name, value=name.lower()) for name in ("One", "Two")]
        menu: ui.Select[Card] = ui.Select(custom_id="menu", placeholder="Choose", options=options)
        self.add_item(ui.Container(ui.TextDisplay(text), ui.ActionRow(more, link), ui.ActionRow(menu)))


class Form(ui.Modal, title="Subscribe"):
    """A modal with a text and a menu."""

    when: ui.Label[Any] = ui.Label(text="When", component=ui.TextInput(custom_id="when", max_length=20))
    what: ui.Label[Any] = ui.Label(
        text="What",
        component=ui.Select(custom_id="what", options=[discord.SelectOption(label="All", value="all")]),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.when.component, ui.TextInput)
        assert isinstance(self.what.component, ui.Select)
        await interaction.response.send_message(f"{self.when.component.value} {self.what.component.values}")


class Bot(discord.AutoShardedClient):
    """A small bot."""

    def __init__(self, intents: discord.Intents | None = None, **options: Any) -> None:
        mentions = discord.AllowedMentions.none()
        super().__init__(intents=intents or discord.Intents.none(), allowed_mentions=mentions, **options)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[str] = []
        self.failed: list[BaseException] = []
        add_commands(self.tree, self.failed)

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Does not wait the five seconds that the library waits."""

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message.content)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.heard.append(guild.name)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type is not discord.InteractionType.component:
            return
        data: Any = interaction.data
        if data["custom_id"] == "form":
            await interaction.response.send_modal(Form())
        elif data["custom_id"] == "later":
            await interaction.response.defer()
            await interaction.edit_original_response(content="Later it is")
        else:
            await interaction.response.edit_message(view=Card(f"More {data.get('values', '')}"))


def add_commands(tree: "app_commands.CommandTree[Any]", failed: list[BaseException]) -> None:
    @tree.command(name="company", description="About a company")
    @app_commands.allowed_installs(guilds=True, users=True)
    async def company(interaction: discord.Interaction, name: str, page: app_commands.Range[int, 1, 9] = 1) -> None:
        await interaction.response.send_message(view=Card(f"About {name}, page {page}"), ephemeral=True)

    @company.autocomplete("name")
    async def names(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        page = interaction.namespace.page or 1
        found = [name for name in ("Tencent", "Tesla") if name.lower().startswith(current)]
        return [app_commands.Choice(name=name, value=f"{name.lower()}-{page}") for name in found]

    @tree.command(name="slow", description="Answers late")
    async def slow(interaction: discord.Interaction, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await interaction.response.send_message("At last")

    @tree.command(name="twice", description="Answers twice")
    async def twice(interaction: discord.Interaction) -> None:
        other = discord.Interaction(data=_raw(interaction), state=interaction._state)
        await interaction.response.send_message("Once")
        await other.response.send_message("Twice")

    @tree.command(name="deferred", description="Thinks first")
    async def deferred(interaction: discord.Interaction, private: bool) -> None:
        await interaction.response.defer(ephemeral=private, thinking=True)
        await interaction.edit_original_response(content="Thought through")
        more = await interaction.followup.send("And another thing", ephemeral=private, wait=True)
        await more.edit(content="And one more thing")
        await (await interaction.followup.send("Never mind", ephemeral=private, wait=True)).delete()

    @tree.command(name="public", description="Answers to everybody")
    async def public(interaction: discord.Interaction, form: bool = False) -> None:
        if form:
            await interaction.response.send_modal(Form())
            return
        view = ui.View(timeout=None)
        view.add_item(ui.Button(label="Later", custom_id="later"))
        view.add_item(ui.Button(label="Form", custom_id="form"))
        await interaction.response.send_message("For all", view=view)

    @tree.context_menu(name="Words in this")
    async def words(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{len(message.content.split())} words", ephemeral=True)

    group = app_commands.Group(name="briefing", description="All of it")

    @group.command(name="help", description="Helps")
    async def help_(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"{interaction.locale} {interaction.guild_locale}")

    tree.add_command(group)

    @tree.error
    async def on_error(_interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        failed.append(error.original if isinstance(error, app_commands.CommandInvokeError) else error)


def _raw(interaction: discord.Interaction) -> Any:
    assert interaction.channel is not None
    user = {"id": str(interaction.user.id), "username": "x", "discriminator": "0", "avatar": None}
    return {"id": str(interaction.id), "application_id": str(interaction.application_id), "type": 2, "version": 1,
            "token": interaction.token, "attachment_size_limit": 0, "user": user}  # fmt: skip


class Elsewhere:
    """A loop on another thread, where a bot runs as it would in another process."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def do(self, action: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(action, self.loop).result(timeout=30)

    async def _stop(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def stop(self) -> None:
        self.do(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    one = Elsewhere()
    yield one
    one.stop()


@pytest.fixture
def fake() -> Iterator[FakeDiscord]:
    with FakeDiscord() as one:
        one.identify_every = 0.0
        yield one


class Place:
    """Anna and Ben in a channel of a server, with a bot or without."""

    def __init__(self, fake: FakeDiscord, **options: Any) -> None:
        self.fake = fake
        self.anna, self.ben = fake.user("Anna"), fake.user("Ben", locale="zh-TW")
        self.guild = fake.do(fake.guild("Airfield", [self.anna, self.ben], **options))
        self.channel = fake.do(fake.channel(self.guild, "general"))

    def ask(self, command: str, **given: Any) -> Asked:
        return self.fake.do(self.fake.command(self.anna, self.channel, command, given))

    def answer(self, command: str, **given: Any) -> Message:
        asked = self.ask(command, **given)
        self.fake.do(self.fake.until(asked.messages))
        return asked.messages()[0]

    def seen(self, user: str = "") -> list[str]:
        return [message.shown for message in self.fake.messages(self.channel, seen_by=user or self.anna)]


@pytest.fixture
def place(fake: FakeDiscord) -> Place:
    return Place(fake)


@contextmanager
def running(fake: FakeDiscord, elsewhere: Elsewhere, bot: Bot | None = None, **options: Any) -> Iterator[Bot]:
    """Runs the small bot."""

    async def begin() -> tuple[Bot, asyncio.Task[None]]:
        one = Bot(**options)
        return one, asyncio.create_task(one.start(fake.token))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.http.Route, "BASE", fake.api_url)
        # After INVALID_SESSION the library goes here, not where it was told to go at first.
        patch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway_url))
        one, task = elsewhere.do(begin())
        fake.do(fake.until(lambda: task.done() or fake.connections == fake.shards))
        yield one
        elsewhere.do(asyncio.wait_for(one.close(), 30))


@pytest.fixture
def bot(fake: FakeDiscord, elsewhere: Elsewhere) -> Iterator[Bot]:
    with running(fake, elsewhere) as one:
        yield one


def call(fake: FakeDiscord, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
    """Calls the REST API without the library; returns status, JSON and headers."""

    async def scene() -> tuple[int, Any, Any]:
        given = {"Authorization": f"Bot {fake.token}"} | (
            {"Content-Type": "application/json"} if body is not None else {}
        )
        data = None if body is None else json.dumps(body)
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, fake.api_url + path, data=data, headers=given | headers) as got,
        ):
            text = await got.text()
            return got.status, json.loads(text) if got.content_type == "application/json" else text, got.headers

    return asyncio.run(scene())


def send(fake: FakeDiscord, channel: str, content: str = "Hello", **more: Any) -> tuple[int, Any, Any]:
    return call(fake, "POST", f"/channels/{channel}/messages", {"content": content, **QUIET, **more})


def text(content: str) -> Thing:
    return {"type": 10, "content": content}


def button(custom_id: str, label: str = "Press", **more: Any) -> Thing:
    return {"type": 2, "style": 1, "custom_id": custom_id, "label": label, **more}


def row(*components: Thing) -> Thing:
    return {"type": 1, "components": list(components)}


# People


def test_a_slash_command_is_answered_to_the_one_who_asked(bot: Bot, place: Place) -> None:
    asked = place.ask("company", name="Tencent")
    assert asked.delivered
    assert asked.error is None
    assert asked.answered_after is not None
    assert asked.messages()[0].ephemeral_to == place.anna
    assert place.seen() == ["About Tencent, page 1\nMore\nSource\nChoose"]
    assert place.seen(place.ben) == []
    assert place.fake.objections == []


def test_options_are_checked_as_the_client_of_discord_does(bot: Bot, place: Place) -> None:
    assert "page 3" in place.answer("company", name="Tencent", page=3).shown
    with pytest.raises(LookupError, match="no command 'nothing' is registered"):
        place.ask("nothing")
    with pytest.raises(LookupError, match="has no option"):
        place.ask("company", name="Tencent", other="x")
    with pytest.raises(ValueError, match="needs"):
        place.ask("company")
    with pytest.raises(TypeError, match="of type 4"):
        place.ask("company", name="Tencent", page="3")
    with pytest.raises(ValueError, match="between 1 and 9"):
        place.ask("company", name="Tencent", page=10)
    with pytest.raises(LookupError, match="used with one of"):
        place.ask("briefing")


def test_a_subcommand_arrives_with_the_languages_of_person_and_server(bot: Bot, fake: FakeDiscord) -> None:
    place = Place(fake, locale="de")
    asked = fake.do(fake.command(place.ben, place.channel, "briefing help"))
    assert asked.messages()[0].shown == "zh-TW de"


def test_typing_ahead_brings_choices_and_knows_the_other_options(bot: Bot, place: Place) -> None:
    fake = place.fake
    found = fake.do(fake.complete(place.anna, place.channel, "company", "name", "te", {"page": 2}))
    assert [(one["name"], one["value"]) for one in found] == [("Tencent", "tencent-2"), ("Tesla", "tesla-2")]
    assert fake.do(fake.complete(place.anna, place.channel, "company", "name", "zzz")) == []
    with pytest.raises(LookupError, match="does not complete"):
        fake.do(fake.complete(place.anna, place.channel, "company", "page", "1"))


def test_a_click_and_a_choice_change_an_ephemeral_message_in_place(bot: Bot, place: Place) -> None:
    fake, message = place.fake, place.answer("company", name="Tencent")
    asked = fake.do(fake.click(place.anna, message, "More"))
    assert asked.messages() == [message]
    assert message.shown.startswith("More")
    assert asked.payload["message"]["flags"] & (1 << 6)
    fake.do(fake.select(place.anna, message, "menu", "two"))
    assert message.shown.startswith("More ['two']")
    assert len(message.edits) == 2
    assert len(place.seen()) == 1
    for wrong, why in (("Source", "only a link"), ("Nothing", "0 buttons")):
        with pytest.raises(LookupError, match=why):
            fake.do(fake.click(place.anna, message, wrong))
    with pytest.raises(LookupError, match="not all offered"):
        fake.do(fake.select(place.anna, message, "menu", "three"))
    with pytest.raises(LookupError, match="does not see"):
        fake.do(fake.click(place.ben, message, "More"))
    assert fake.objections == []


def test_a_click_on_a_public_message_is_anybodys(bot: Bot, place: Place) -> None:
    fake, message = place.fake, place.answer("public")
    asked = fake.do(fake.click(place.ben, message, "Later"))
    assert asked.deferred
    fake.do(fake.until(asked.messages))
    assert asked.messages() == [message]
    assert place.seen(place.ben) == ["Later it is\nLater\nForm"]


def test_a_modal_is_filled_in_and_sent(bot: Bot, place: Place) -> None:
    fake = place.fake
    modal = place.ask("public", form=True).modal
    assert modal is not None
    assert modal.title == "Subscribe"
    with pytest.raises(ValueError, match="when is not filled in"):
        fake.do(fake.submit(place.anna, modal, {"What": ["all"]}))
    asked = fake.do(fake.submit(place.anna, modal, {"When": "daily", "what": ["all"]}))
    assert asked.messages()[0].shown == "daily ['all']"
    with pytest.raises(LookupError, match="no such modal"):
        fake.do(fake.submit(place.anna, modal, {}))


def test_a_modal_can_come_from_a_button(bot: Bot, place: Place) -> None:
    fake, message = place.fake, place.answer("public")
    opened = fake.do(fake.click(place.anna, message, "form"))
    assert opened.modal is not None
    asked = fake.do(fake.submit(place.anna, opened.modal, {"when": "weekly", "what": "all"}))
    assert asked.payload["message"]["id"] == message.id
    assert place.seen()[-1] == "weekly ['all']"
    assert fake.objections == []


def test_a_command_in_the_menu_of_a_message_sees_its_words(bot: Bot, place: Place) -> None:
    fake = place.fake
    said = fake.do(fake.say(place.ben, place.channel, "one two three"))
    asked = fake.do(fake.context_menu(place.anna, "Words in this", said))
    assert asked.messages()[0].shown == "3 words"
    assert asked.payload["data"]["resolved"]["messages"][said.id]["content"] == "one two three"


def test_a_command_in_a_direct_conversation_has_a_user_and_no_server(bot: Bot, place: Place) -> None:
    fake = place.fake
    asked = fake.do(fake.command(place.anna, fake.dm(place.anna), "briefing help"))
    assert asked.payload["context"] == 1
    assert asked.payload["user"]["id"] == place.anna
    assert "guild_id" not in asked.payload
    assert asked.payload["authorizing_integration_owners"] == {"0": "0"}
    assert asked.messages()[0].shown == "en-US None"


def test_who_installed_the_app_can_use_it_where_it_is_not(bot: Bot, place: Place) -> None:
    fake = place.fake
    carl = fake.user("Carl", installed=True)
    group = fake.do(fake.group([carl, place.anna]))
    asked = fake.do(fake.command(carl, group, "company", {"name": "Tesla"}))
    assert asked.payload["context"] == 2
    assert asked.payload["authorizing_integration_owners"] == {"1": carl}
    assert [one.ephemeral_to for one in fake.messages(group, seen_by=carl)] == [carl]
    with pytest.raises(LookupError, match="not installed"):
        fake.do(fake.command(place.anna, group, "company", {"name": "Tesla"}))
    with pytest.raises(LookupError, match="not installed"):
        fake.do(fake.command(carl, group, "public"))
    assert send(fake, group)[:2] == (403, {"message": "Missing Access", "code": 50001})


def test_where_apps_of_members_may_not_speak_their_answers_are_ephemeral(bot: Bot, fake: FakeDiscord) -> None:
    call(fake, "POST", f"/applications/{fake.application_id}/commands",
         {"name": "public", "description": "For all", "integration_types": [0, 1]})  # fmt: skip
    carl = fake.user("Carl", installed=True)
    for allowed, to in ((True, None), (False, carl)):
        guild = fake.do(fake.guild("Elsewhere", ["1", carl], installed=False, external_apps=allowed))
        channel = fake.do(fake.channel(guild, "general"))
        asked = fake.do(fake.command(carl, channel, "public"))
        assert asked.messages()[0].ephemeral_to == to
        assert send(fake, channel)[1]["code"] == 50001


def test_commands_for_moderators_are_not_offered_to_others(bot: Bot, place: Place) -> None:
    fake = place.fake
    command = {"name": "deferred", "description": "For some", "default_member_permissions": "32"}
    call(fake, "PUT", f"/applications/{fake.application_id}/guilds/{place.guild}/commands", [command])
    with pytest.raises(LookupError, match="may not use"):
        fake.do(fake.command(place.ben, place.channel, "deferred"))


# Deadlines


@pytest.mark.parametrize("private", [True, False])
def test_a_deferred_answer_comes_later_and_follow_ups_after_it(bot: Bot, place: Place, private: bool) -> None:
    asked = place.ask("deferred", private=private)
    assert asked.deferred
    place.fake.do(place.fake.until(lambda: len(asked.messages()) == 3 and asked.messages()[2].deleted))
    assert place.seen() == ["Thought through", "And one more thing"]
    assert place.seen(place.ben) == ([] if private else place.seen())
    assert not asked.messages()[0].loading
    assert place.fake.objections == []


def test_the_first_follow_up_takes_the_place_of_thinking_and_its_privacy(place: Place) -> None:
    fake = place.fake
    asked = opened(place, {"type": 5, "data": {"flags": 64}})
    assert place.seen() == ["is thinking…"]
    assert asked.messages() == []
    url = f"/webhooks/{fake.application_id}/{asked.token}"
    status, body, _ = call(fake, "POST", url, {"content": "Done", "flags": 0, **QUIET})
    assert (status, body["flags"] & 64, place.seen(), place.seen(place.ben)) == (200, 64, ["Done"], [])


def test_no_answer_in_time_is_an_error_and_a_late_one_is_unknown(bot: Bot, place: Place) -> None:
    place.fake.answer_within = 0.2
    asked = place.ask("slow", seconds=0.4)
    assert asked.error == "did not respond"
    assert asked.answered_after is None
    place.fake.do(place.fake.until(lambda: bot.failed))
    assert isinstance(bot.failed[0], discord.NotFound)
    assert bot.failed[0].code == 10062
    assert place.fake.objections[0] == "slow: did not respond"
    assert "too late" in place.fake.objections[1]


def test_timeouts_can_be_tolerated(bot: Bot, place: Place) -> None:
    place.fake.answer_within, place.fake.tolerates_timeouts = 0.2, True
    assert place.ask("slow", seconds=0.3).error == "did not respond"
    place.fake.do(place.fake.until(lambda: bot.failed))
    assert place.fake.objections == []


def test_a_second_answer_is_refused(bot: Bot, place: Place) -> None:
    assert place.answer("twice").shown == "Once"
    place.fake.do(place.fake.until(lambda: bot.failed))
    assert isinstance(bot.failed[0], discord.HTTPException)
    assert bot.failed[0].code == 40060
    assert any("was already answered" in one for one in place.fake.objections)
    assert place.seen() == ["Once"]


def test_the_token_of_an_interaction_is_void_after_a_while(place: Place) -> None:
    fake = place.fake
    asked = opened(place, {"type": 4, "data": {"content": "Hello", **QUIET}})
    url = f"/webhooks/{fake.application_id}/{asked.token}/messages/@original"
    assert call(fake, "GET", url, Authorization="")[1]["content"] == "Hello"
    fake.token_seconds = 0.0
    assert call(fake, "PATCH", url, {"content": "Late", **QUIET})[:2] == (
        401,
        {"message": "Invalid Webhook Token", "code": 50027},
    )
    assert call(fake, "GET", f"/webhooks/{fake.application_id}/unknown/messages/@original")[1]["code"] == 50027


def test_answers_of_the_wrong_type_are_refused_and_another_may_follow(place: Place) -> None:
    asked = opened(
        place, {"type": 7, "data": {"content": "x", **QUIET}}, {"type": 4, "data": {"content": "y", **QUIET}}
    )
    statuses = [one.status for one in place.fake.requests if one.path.endswith("/callback")]
    assert statuses == [400, 204]
    assert asked.messages()[0].shown == "y"
    assert "Value must be one of {4, 5, 9}" in place.fake.objections[0]


def test_an_app_that_only_a_person_installed_may_follow_up_five_times(fake: FakeDiscord) -> None:
    place = Place(fake, installed=False)
    fake.installed_by.add(place.anna)
    asked = opened(place, {"type": 4, "data": {"content": "Hello", **QUIET}})
    fake.limits.routes["POST /webhooks/{id}/{token}"] = (100, 1.0)
    url = f"/webhooks/{fake.application_id}/{asked.token}"
    codes = [call(fake, "POST", url, {"content": "More", **QUIET})[1].get("code") for _ in range(6)]
    assert codes == [None] * 5 + [40094]


def opened(place: Place, *answers: Thing) -> Asked:
    """Asks something that is answered with these bodies, by nobody's library."""
    fake = place.fake
    command = {"name": "raw", "description": "Raw", "integration_types": [0, 1]}
    assert call(fake, "POST", f"/applications/{fake.application_id}/commands", command)[0] == 200

    async def scene() -> Asked:
        asking = asyncio.create_task(fake.command(place.anna, place.channel, "raw"))
        while not fake.asked:
            await asyncio.sleep(0)
        one = list(fake.asked.values())[-1]
        async with aiohttp.ClientSession() as session:
            for answer in answers:
                url = f"{fake.api_url}/interactions/{one.id}/{one.token}/callback"
                async with session.post(url, json=answer):
                    pass
        return await asking

    return fake.do(scene())


# REST


def channel_of(fake: FakeDiscord, place: Place, kind: Any = "text", **options: Any) -> str:
    return fake.do(fake.channel(place.guild, "news", kind, **options))


def test_a_nonce_brings_the_first_message_back(bot: Bot, elsewhere: Elsewhere, place: Place) -> None:
    fake = place.fake

    async def scene(nonce: str | None) -> int:
        target = bot.get_partial_messageable(int(place.channel))
        return (await target.send("Digest", nonce=nonce)).id  # type: ignore[arg-type]

    assert elsewhere.do(scene("one")) == elsewhere.do(scene("one"))
    elsewhere.do(scene(None))
    assert len(place.seen()) == 2
    assert fake.objections == []
    fake.nonce_seconds = 0.0
    elsewhere.do(scene("one"))
    assert len(place.seen()) == 3
    assert send(fake, place.channel, nonce="x" * 26)[0] == 400


def test_the_nonce_of_one_channel_is_not_used_in_another(place: Place) -> None:
    fake = place.fake
    first = send(fake, place.channel, nonce="one", enforce_nonce=True)[1]
    second = send(fake, channel_of(fake, place), nonce="one", enforce_nonce=True)[1]
    assert second["id"] == first["id"]
    assert "another channel" in fake.objections[0]


def test_a_nonce_and_a_limit_go_by_the_clock_that_is_set(place: Place) -> None:
    fake, ahead = place.fake, [0.0]
    fake.clock = lambda: 1_900_000_000 + ahead[0]
    fake.limits.routes["POST /channels/{id}/messages"] = (2, 3_600.0)
    sent = [send(fake, place.channel, nonce="one", enforce_nonce=True) for _ in range(3)]
    assert [status for status, _, _ in sent] == [200, 200, 429]
    assert sent[0][1]["id"] == sent[1][1]["id"]
    ahead[0] = 3_600.0
    status, body, headers = send(fake, place.channel, nonce="one", enforce_nonce=True)
    assert (status, headers["Date"]) == (200, "Sun, 17 Mar 2030 18:46:40 GMT")
    assert int(body["id"]) > int(sent[0][1]["id"]) + (3_590_000 << 22)


def test_limits_can_be_switched_off(place: Place) -> None:
    place.fake.limits.of_routes = place.fake.limits.of_all = False
    place.fake.limits.all_a_second = 1
    assert [send(place.fake, place.channel)[0] for _ in range(8)] == [200] * 8


def test_a_thread_is_opened_by_a_message_unless_it_is_locked_and_is_listed_where_it_is(place: Place) -> None:
    fake = place.fake
    thread = call(fake, "POST", f"/channels/{place.channel}/threads", {"name": "talk", "type": 11})[1]["id"]
    active, archived = f"/guilds/{place.guild}/threads/active", f"/channels/{place.channel}/threads/archived/public"

    def listed() -> list[list[str]]:
        return [[one["id"] for one in call(fake, "GET", url)[1]["threads"]] for url in (active, archived)]

    assert listed() == [[thread], []]
    fake.channels[thread].archived = True
    assert listed() == [[], [thread]]
    assert send(fake, thread)[0] == 200
    assert listed() == [[thread], []]
    fake.channels[thread].locked = True
    assert send(fake, thread)[1]["code"] == 160005


def test_rights_and_what_a_server_can_have_are_shown(place: Place) -> None:
    fake = place.fake
    fake.channels[place.channel].permissions = VIEW
    (channel,) = [o for o in call(fake, "GET", f"/guilds/{place.guild}/channels")[1] if o["id"] == place.channel]
    (mine,) = channel["permission_overwrites"]
    assert (mine["id"], mine["type"], mine["allow"]) == (fake.bot_user_id, 1, str(VIEW))
    assert not int(mine["deny"]) & VIEW
    assert call(fake, "GET", f"/guilds/{place.guild}/members/{fake.bot_user_id}")[1]["user"]["id"] == fake.bot_user_id
    assert call(fake, "GET", f"/guilds/{place.guild}")[1]["features"] == []
    channel_of(fake, place, "announcement")
    assert "NEWS" in call(fake, "GET", f"/guilds/{place.guild}")[1]["features"]


def test_faults_by_chance_are_those_of_their_seed(place: Place) -> None:
    def fates(seed: int) -> list[str]:
        place.fake.faults.randomly(seed, lost=0.2, reset=0.2, error=0.2, limited=0.2)
        found = [place.fake.faults.take("GET /gateway", {}) for _ in range(200)]
        return [fault.kind if fault else "" for fault in found]

    assert fates(1) == fates(1) != fates(2)
    assert set(fates(3)) == {"", "cut_after", "cut_before", "status", "status_after", "ratelimited"}


def test_an_error_can_come_after_the_work_is_done(place: Place) -> None:
    place.fake.fault("POST /channels/{id}/messages", "status_after", status=502)
    assert send(place.fake, place.channel)[0] == 502
    assert len(place.seen()) == 1
    assert [one.status for one in place.fake.calls("POST /channels/{id}/messages", 502)] == [502]


def test_history_is_read_from_the_newest_on(place: Place) -> None:
    fake = place.fake
    sent = [send(fake, place.channel, str(number))[1]["id"] for number in range(5)]
    url = f"/channels/{place.channel}/messages"

    def read(query: str) -> list[str]:
        return [one["content"] for one in call(fake, "GET", url + query)[1]]

    assert read("?limit=2") == ["4", "3"]
    assert read(f"?after={sent[1]}&limit=2") == ["3", "2"]
    assert read(f"?before={sent[2]}") == ["1", "0"]
    assert read(f"?around={sent[2]}&limit=3") == ["3", "2", "1"]
    assert call(fake, "GET", f"{url}?limit=101")[1]["errors"]["limit"]
    fake.channels[place.channel].permissions = VIEW | SEND
    assert read("") == []


def test_what_others_wrote_is_hidden_without_the_intent_for_it(bot: Bot, place: Place) -> None:
    fake = place.fake
    url = f"/channels/{place.channel}/messages"
    fake.do(fake.say(place.anna, place.channel, "secret"))
    send(fake, place.channel, "own")
    fake.do(fake.say(place.anna, place.channel, f"<@{fake.bot_user_id}> hello"))
    assert [one["content"] for one in call(fake, "GET", url)[1]] == [f"<@{fake.bot_user_id}> hello", "own", ""]
    fake.privileged.add("message_content")
    assert call(fake, "GET", url)[1][2]["content"] == "secret"


def test_messages_are_changed_and_deleted(bot: Bot, elsewhere: Elsewhere, place: Place) -> None:
    async def scene() -> None:
        target = bot.get_partial_messageable(int(place.channel))
        message = await target.send("First", suppress_embeds=True)
        await message.edit(content=None, view=Card("Second"))
        other = await target.send("Third")
        await other.delete()
        assert (await target.fetch_message(message.id)).flags.components_v2
        with pytest.raises(discord.NotFound) as missing:
            await target.fetch_message(other.id)
        assert missing.value.code == 10008

    elsewhere.do(scene())
    assert place.seen() == ["Second\nMore\nSource\nChoose"]
    message = place.fake.messages(place.channel)[0]
    assert message.edits[0]["shown"] == "First"
    assert place.fake.objections == []
    url = f"/channels/{place.channel}/messages/{message.id}"
    status, body, _ = call(place.fake, "PATCH", url, {"flags": 0, "components": [], "content": "old", **QUIET})
    assert (status, body["errors"]["flags"]["_errors"][0]["code"]) == (400, "MESSAGE_COMPONENTS_V2_CANNOT_BE_UNSET")
    assert call(place.fake, "PATCH", url, {"content": "old", **QUIET})[0] == 400
    foreign = place.fake.do(place.fake.say(place.anna, place.channel, "mine"))
    assert call(place.fake, "PATCH", f"/channels/{place.channel}/messages/{foreign.id}", {})[1]["code"] == 50005
    assert call(place.fake, "DELETE", f"/channels/{place.channel}/messages/{foreign.id}")[1]["code"] == 50013


def test_forums_take_posts_with_tags_and_no_messages(bot: Bot, elsewhere: Elsewhere, place: Place) -> None:
    fake = place.fake
    forum = channel_of(fake, place, "forum", tags=("daily", "weekly"), tag_required=True)

    async def scene() -> tuple[int, int]:
        channel = await bot.fetch_channel(int(forum))
        assert isinstance(channel, discord.ForumChannel)
        with pytest.raises(discord.HTTPException) as untagged:
            await channel.create_thread(name="Digest", content="x")
        assert untagged.value.code == 40067
        made = await channel.create_thread(name="Digest", view=Card("News"), applied_tags=[channel.available_tags[0]])
        await made.thread.send("More of it")
        return made.thread.id, made.message.id

    thread, first = elsewhere.do(scene())
    assert thread == first
    assert [one.name for one in fake.threads(forum)] == ["Digest"]
    assert [fake.channels[forum].tags[tag] for tag in fake.threads(forum)[0].applied_tags] == ["daily"]
    assert [one.shown.partition("\n")[0] for one in fake.messages(str(thread))] == ["News", "More of it"]
    assert send(fake, forum)[1]["code"] == 50008
    post = {"name": "x", "message": {"content": "x" * 2001, **QUIET}}
    assert call(fake, "POST", f"/channels/{forum}/threads", post | {"applied_tags": ["1"]})[1]["code"] == 10087
    tagged = post | {"applied_tags": list(fake.channels[forum].tags)}
    assert "content" in call(fake, "POST", f"/channels/{forum}/threads", tagged)[1]["errors"]["message"]
    assert len(fake.threads(forum)) == 1


def test_threads_begin_at_a_message_or_without_one(bot: Bot, elsewhere: Elsewhere, place: Place) -> None:
    async def scene() -> None:
        channel = await bot.fetch_channel(int(place.channel))
        assert isinstance(channel, discord.TextChannel)
        message = await channel.send("Begin")
        thread = await message.create_thread(name="Talk")
        assert thread.id == message.id
        await thread.send("In it")
        with pytest.raises(discord.HTTPException) as again:
            await message.create_thread(name="Talk")
        assert again.value.code == 160004
        await channel.create_thread(name="Other", type=discord.ChannelType.public_thread)

    elsewhere.do(scene())
    assert [one.name for one in place.fake.threads(place.channel)] == ["Talk", "Other"]


def test_announcements_are_published_once(bot: Bot, elsewhere: Elsewhere, place: Place) -> None:
    news = channel_of(place.fake, place, "announcement")

    async def scene() -> None:
        message = await bot.get_partial_messageable(int(news)).send("News")
        await message.publish()
        with pytest.raises(discord.HTTPException) as again:
            await message.publish()
        assert again.value.code == 40033

    elsewhere.do(scene())
    message = send(place.fake, place.channel)[1]
    assert call(place.fake, "POST", f"/channels/{place.channel}/messages/{message['id']}/crosspost")[1]["code"] == 50024


def test_people_are_written_to_unless_they_do_not_want_that(bot: Bot, elsewhere: Elsewhere, place: Place) -> None:
    fake = place.fake

    async def scene() -> None:
        await (await bot.fetch_user(int(place.ben))).send("Hello")

    elsewhere.do(scene())
    assert [one.shown for one in fake.messages(fake.dm(place.ben))] == ["Hello"]
    fake.closed_dms.add(place.ben)
    assert send(fake, fake.dm(place.ben))[1]["code"] == 50007


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ("gone", 404, 10003), ("mute", 403, 50013), ("hidden", 403, 50001), ("removed", 403, 50001),
        ("token", 401, 0), ("nonsense", 400, 50109), ("empty", 400, 50006), ("long", 400, 50035),
    ],
)  # fmt: skip
def test_discord_says_why_not(place: Place, change: str, status: int, code: int) -> None:
    fake = place.fake
    changes: dict[str, Callable[[], object]] = {
        "gone": lambda: fake.do(fake.delete_channel(place.channel)),
        "removed": lambda: fake.do(fake.remove_bot(place.guild)),
        "token": fake.reset_token,
        "mute": lambda: setattr(fake.channels[place.channel], "permissions", VIEW),
        "hidden": lambda: setattr(fake.channels[place.channel], "permissions", 0),
    }
    changes.get(change, lambda: None)()
    message: Any = {"content": {"empty": " ", "long": "x" * 2001}.get(change, "Hello"), **QUIET}
    url = f"/channels/{place.channel}/messages"
    answer = call(fake, "POST", url, [message] if change == "nonsense" else message)
    assert (answer[0], answer[1]["code"]) == (status, code)
    assert fake.invalid_requests == (status in (401, 403))
    assert fake.requests[-1].status == status


def test_guilds_are_listed_in_pages() -> None:
    with FakeDiscord(guilds=250) as fake:
        first = call(fake, "GET", "/users/@me/guilds")[1]
        rest = call(fake, "GET", f"/users/@me/guilds?after={first[-1]['id']}&limit=200")[1]
        assert (len(first), len(rest)) == (200, 50)
        assert len({one["id"] for one in first + rest}) == 250
        assert call(fake, "GET", "/guilds/1")[1]["code"] == 10004
        assert call(fake, "GET", "/nothing")[0] == 404


# Commands


def test_commands_are_overwritten_and_keep_their_ids(bot: Bot, elsewhere: Elsewhere, fake: FakeDiscord) -> None:
    before = {one["name"]: one["id"] for one in fake.commands}
    assert {"company", "slow", "briefing", "Words in this"} <= set(before)
    elsewhere.do(bot.tree.sync())
    assert {one["name"]: one["id"] for one in fake.commands} == before
    bot.tree.remove_command("slow")
    elsewhere.do(bot.tree.sync())
    assert "slow" not in {one["name"] for one in fake.commands}
    assert [one.path for one in fake.requests if one.method == "PUT"] == ["/applications/{id}/commands"] * 3


def test_only_two_hundred_commands_are_made_a_day(fake: FakeDiscord) -> None:
    url = f"/applications/{fake.application_id}/commands"
    for number in range(2):
        names = [f"c{number}x{index}" for index in range(100)]
        assert call(fake, "PUT", url, [{"name": name, "description": "x"} for name in names])[0] == 200
    assert call(fake, "POST", url, {"name": names[0], "description": "the same again"})[0] == 200
    call(fake, "DELETE", f"{url}/{fake.commands[0]['id']}")
    assert call(fake, "POST", url, {"name": "one-more", "description": "x"})[1]["code"] == 30034
    assert len(fake.commands) == 99


def test_the_library_names_what_is_wrong_with_a_command(bot: Bot, elsewhere: Elsewhere, fake: FakeDiscord) -> None:
    bot.tree.get_command("slow").description = "x" * 101  # type: ignore[union-attr]
    with pytest.raises(app_commands.CommandSyncFailure, match="Must be between 1 and 100 in length"):
        elsewhere.do(bot.tree.sync())
    assert "description" in fake.objections[0]


STRING = {"type": 3, "name": "x", "description": "x"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, ""),
        ({"name": "公司", "name_localizations": {"zh-CN": "公司", "de": "firma"}}, ""),
        ({"name": "Company"}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "two words"}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "x" * 33}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"description": ""}, "BASE_TYPE_BAD_LENGTH"),
        ({"name_localizations": {"zh": "x"}}, "LOCALE_INVALID"),
        ({"description_localizations": {"de": "x" * 101}}, "BASE_TYPE_BAD_LENGTH"),
        ({"options": [STRING | {"name": f"x{n}"} for n in range(26)]}, "BASE_TYPE_MAX_LENGTH"),
        ({"options": [STRING, STRING]}, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"),
        ({"options": [STRING, STRING | {"name": "y", "required": True}]}, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"),
        (
            {"options": [STRING | {"autocomplete": True, "choices": [{"name": "a", "value": "a"}]}]},
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID",
        ),
        ({"options": [STRING | {"choices": [{"name": "a", "value": "a" * 101}]}]}, "BASE_TYPE_BAD_LENGTH"),
        ({"options": [STRING, {"type": 1, "name": "y", "description": "y"}]}, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"),
        ({"options": [STRING | {"name": f"x{n}", "description": "x" * 90,
          "choices": [{"name": "a" * 100, "value": "a" * 100 + str(m)} for m in range(2)]} for n in range(25)]}, "LARGE"),
        ({"contexts": [3]}, "BASE_TYPE_CHOICES"),
        ({"type": 3, "description": "x"}, "APPLICATION_COMMAND_INVALID"),
    ],
)  # fmt: skip
def test_commands_are_checked(change: Thing, code: str) -> None:
    found = command_problems({"name": "company", "description": "About a company", **change})
    assert bool(found) == bool(code)
    assert not code or any(code in one.code for one in found)


def test_too_many_or_equal_commands_are_refused(fake: FakeDiscord) -> None:
    url = f"/applications/{fake.application_id}/commands"
    for commands in (
        [{"name": f"x{n}", "description": "x"} for n in range(101)],
        [{"type": 3, "name": f"X {n}"} for n in range(16)],
        [{"name": "x", "description": "x"}] * 2,
    ):
        assert call(fake, "PUT", url, commands)[1]["code"] == 50035
    assert fake.commands == []


# Contents


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([text("Hello"), row(button("a"), button("b"))], ""),
        ([text("x" * 2001), text("x" * 2000)], "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"),
        ([text("🙂" * 2001)], "BASE_TYPE_BAD_LENGTH"),
        ([text("x") for _ in range(41)], "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"),
        ([{"type": 17, "components": [text(" ")]}], "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 17, "components": [{"type": 17, "components": [text("x")]}]}], "UNION_TYPE_CHOICES"),
        ([row(*(button(str(n)) for n in range(6)))], "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
        ([row(button("a"), {"type": 5, "custom_id": "b"})], "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
        ([row(button("a"), button("a"))], "COMPONENT_CUSTOM_ID_DUPLICATED"),
        ([row(button("a" * 101))], "BASE_TYPE_BAD_LENGTH"),
        ([row(button("a", "x" * 81))], "BASE_TYPE_BAD_LENGTH"),
        ([row({"type": 2, "style": 1, "custom_id": "a"})], "BUTTON_COMPONENT_INVALID"),
        ([row({"type": 2, "style": 5, "label": "x", "custom_id": "a", "url": "https://a.example"})], "BUTTON_COMPONENT_INVALID"),
        ([row({"type": 2, "style": 5, "label": "x", "url": "javascript:x"})], "URL_TYPE_INVALID_SCHEME"),
        ([row({"type": 3, "custom_id": "a", "options": []})], "BASE_TYPE_BAD_LENGTH"),
        ([row({"type": 3, "custom_id": "a", "options": [{"label": "x", "value": "x"}] * 2})],
         "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"),
        ([row({"type": 3, "custom_id": "a", "options": [{"label": "x" * 101, "value": "x"}]})], "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 9, "components": [text("x")]}], "BASE_TYPE_REQUIRED"),
        ([{"type": 9, "components": [text("x")] * 4, "accessory": button("a")}], "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 9, "components": [text("x")], "accessory": button("a")}, {"type": 14}], ""),
        ([{"type": 12, "items": [{"media": {"url": "ftp://x"}}]}], "URL_TYPE_INVALID_SCHEME"),
        ([{"type": 4, "custom_id": "a", "style": 1, "label": "x"}], "UNION_TYPE_CHOICES"),
        ("nothing", "LIST_ITEM_VALUE_REQUIRED"),
        ([{"type": 17, "components": ["x"]}], "LIST_ITEM_VALUE_REQUIRED"),
    ],
)  # fmt: skip
def test_components_are_checked(components: Any, code: str) -> None:
    found = component_problems(components, v2=True)
    assert bool(found) == bool(code), found
    assert not code or code in {one.code for one in found}


def test_without_the_flag_there_are_only_rows() -> None:
    assert component_problems([row(button("a"))], v2=False) == []
    assert component_problems([text("x")], v2=False)
    assert component_problems([row(button(str(n))) for n in range(6)], v2=False)


def test_modals_and_choices_are_checked() -> None:
    field = {"type": 18, "label": "When", "component": {"type": 4, "custom_id": "a", "style": 1}}
    modal: Thing = {"title": "Title", "custom_id": "x", "components": [field]}
    assert modal_problems(modal) == []
    wrongs: list[Thing] = [
        {"title": "x" * 46}, {"components": []}, {"components": [field] * 2}, {"components": [field | {"label": "x" * 46}]},
        {"custom_id": ""}, {"components": [row(button("a"))]}, {"components": [{**field, "component": button("a")}]},
    ]  # fmt: skip
    assert [bool(modal_problems(modal | wrong)) for wrong in wrongs] == [True] * len(wrongs)
    assert choice_problems([{"name": "x", "value": "x"}] * 25) == []
    assert choice_problems([{"name": "x", "value": "x"}] * 26)
    assert choice_problems([{"name": "x" * 101, "value": "x"}])
    assert choice_problems([{"name": "x", "value": "x" * 101}])


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"content": "x" * 2000}, ""),
        ({"content": "🙂" * 1001}, "BASE_TYPE_BAD_LENGTH"),
        (
            {"content": "x", "flags": V2, "components": [text("x")]},
            "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
        ),
        ({"embeds": [{"title": "x" * 257}]}, "BASE_TYPE_BAD_LENGTH"),
        ({"embeds": [{"description": "x" * 4000}] * 2}, "MAX_EMBED_SIZE_EXCEEDED"),
        ({"embeds": [{"title": "x"}] * 11}, "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"fields": [{"name": "x", "value": ""}]}]}, "BASE_TYPE_BAD_LENGTH"),
    ],
)
def test_messages_are_checked(message: Thing, code: str) -> None:
    found = list(message_problems({"flags": 0, **message}))
    assert bool(found) == bool(code)
    assert not code or code in {one.code for one in found}


@pytest.mark.parametrize(
    ("markdown", "deceives"),
    [
        ("A claim [\\[1\\]](https://a.example/x)", False),
        ("A claim [[12]](<https://a.example/x>)", False),
        ("[The Times (times.example)](https://times.example/a)", False),
        (r"[The Times (times\.example)](https://www.times.example/a)", False),
        ("[The Times (times.example)](https://evil.example/a)", True),
        ("[click here](https://evil.example)", True),
        ("[https://good.example](https://evil.example)", True),
        (r"\[not a link](https://a.example)", False),
        ("`[code](https://a.example)`", False),
    ],
)
def test_links_say_where_they_lead(markdown: str, deceives: bool) -> None:
    assert bool(list(masked_links(markdown))) == deceives


def test_pings_and_previews_are_objected_to(place: Place) -> None:
    fake = place.fake

    def objections(**payload: Any) -> list[str]:
        fake.objections.clear()
        assert call(fake, "POST", f"/channels/{place.channel}/messages", payload)[0] == 200
        return fake.objections

    fake.limits.routes.clear()
    assert "allowed_mentions missing" in objections(content="Hello")[0]
    assert f"POST /channels/{place.channel}/messages" in fake.objections[0]
    assert "allowed_mentions missing" in objections(content="Hello", allowed_mentions={"parse": ["users"]})[0]
    assert "allow some" in objections(content="Hello", allowed_mentions={"parse": [], "users": ["1"]})[0]
    assert "SUPPRESS_EMBEDS" in objections(content="https://a.example", **QUIET)[0]
    assert objections(content="https://a.example", flags=4, **QUIET) == []
    assert objections(content="<https://a.example>", **QUIET) == []
    assert objections(components=[text("https://a.example")], flags=V2, **QUIET) == []
    assert list(manners({}, {"flags": 0, "content": ""})) == []


# The Gateway


def again(fake: FakeDiscord, *, resumes: int = 0, identifies: int = 1) -> None:
    """Waits until so much has happened and the bot is connected."""
    fake.do(fake.until(lambda: (len(fake.resumes), len(fake.identifies)) == (resumes, identifies)))
    fake.do(fake.until(lambda: fake.connections == fake.shards))


@pytest.mark.parametrize("how", ["asked", "resumable", "closed", "closed by 1000", "cut"])
def test_a_lost_connection_is_resumed(bot: Bot, place: Place, how: str) -> None:
    fake = place.fake
    ways: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "asked": fake.reconnect,
        "resumable": lambda: fake.invalidate(resumable=True),
        "closed": fake.close,
        "closed by 1000": lambda: fake.close(code=1000),
        "cut": lambda: fake.abort(0),
    }
    fake.do(ways[how]())
    again(fake, resumes=1)
    assert fake.resumes[0].outcome == "resumed"
    assert fake.resumes[0].shard == 0
    assert place.answer("company", name="Tesla")
    assert fake.objections == []


def test_a_session_that_is_not_valid_begins_anew(bot: Bot, place: Place) -> None:
    place.fake.do(place.fake.invalidate())
    again(place.fake, identifies=2)
    assert [one.outcome for one in place.fake.identifies] == ["ready", "ready"]
    assert place.answer("company", name="Tesla")


def test_a_session_that_was_lost_too_long_cannot_be_resumed(bot: Bot, place: Place) -> None:
    place.fake.resume_seconds = -1.0
    place.fake.do(place.fake.abort())
    again(place.fake, resumes=1, identifies=2)
    assert place.fake.resumes[0].outcome == "invalid session"


def test_what_was_missed_is_told_again(fake: FakeDiscord, elsewhere: Elsewhere) -> None:
    fake.heartbeat_interval, fake.answer_within = 0.1, 30.0
    with running(fake, elsewhere, heartbeat_timeout=0.3) as bot:
        place = Place(fake)
        fake.do(fake.go_deaf())
        assert fake.connections == 0
        asked = place.ask("company", name="Tesla")
        assert (asked.error, asked.delivered) == (None, True)
        assert fake.resumes[0].replayed == 1
        assert not bot.is_closed()
        assert fake.objections == []


def test_who_stops_beating_is_closed(fake: FakeDiscord) -> None:
    fake.heartbeat_interval = 0.05
    assert talk(fake, identify(fake), wait=True)[-1] == 4009


def test_an_interaction_waits_for_a_connection(bot: Bot, place: Place) -> None:
    fake = place.fake
    fake.answer_within = 30.0  # the library waits up to 2 s, then up to 4, and so on, at random
    fake.refuse_connections(seconds=0.3)
    fake.do(fake.abort())
    asked = place.ask("company", name="Tesla")
    assert (asked.error, asked.delivered) == (None, True)
    assert asked.answered_after is not None
    assert asked.answered_after > 0.2


def test_without_any_connection_nobody_responds(place: Place) -> None:
    fake = place.fake
    fake.answer_within = 0.1
    call(fake, "POST", f"/applications/{fake.application_id}/commands", {"name": "x", "description": "x"})
    asked = place.ask("x")
    assert (asked.error, asked.delivered) == ("did not respond", False)


def test_things_arrive_on_the_shard_of_their_server(elsewhere: Elsewhere) -> None:
    with FakeDiscord(guilds=4, shards=2) as fake:
        fake.max_concurrency = 2
        with running(fake, elsewhere):
            assert [(one.shard, one.count, one.outcome) for one in fake.identifies] == [
                (0, 2, "ready"),
                (1, 2, "ready"),
            ]
            places = [Place(fake), Place(fake)]
            fake.do(fake.go_deaf(1))
            fake.answer_within = 0.2
            fake.tolerates_timeouts = True
            errors = {(int(one.guild) >> 22) % 2: one.ask("company", name="Tesla").error for one in places}
            assert errors == {0: None, 1: "did not respond"}
            direct = fake.do(fake.command(places[0].anna, fake.dm(places[0].anna), "briefing help"))
            assert direct.error is None
            fake.do(fake.reconnect(0))
            again(fake, resumes=1, identifies=2) if fake.connections == 2 else fake.do(fake.until(lambda: fake.resumes))
            assert fake.resumes[0].shard == 0


def test_servers_and_messages_are_told_to_who_has_the_intents(fake: FakeDiscord, elsewhere: Elsewhere) -> None:
    intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
    with running(fake, elsewhere, intents=intents, guild_ready_timeout=0.1) as bot:
        fake.do(fake.until(bot.is_ready))
        place = Place(fake)
        fake.do(fake.until(lambda: bot.heard == ["Airfield"]))
        assert len(bot.guilds) == 2
        fake.do(fake.say(place.anna, place.channel, "veiled"))
        fake.do(fake.say(place.anna, fake.dm(place.anna), "direct"))
        fake.do(fake.until(lambda: len(bot.heard) == 3))
        assert bot.heard == ["Airfield", "", "direct"]
        fake.do(fake.remove_bot(place.guild))
        fake.do(fake.until(lambda: len(bot.guilds) == 1))


def identify(fake: FakeDiscord, **change: Any) -> Thing:
    data = {"token": fake.token, "intents": 0, "properties": {"os": "linux"}, "shard": [0, 1], **change}
    return {"op": 2, "d": data}


def talk(fake: FakeDiscord, *said: Any, wait: bool = False, query: str = "?v=10&encoding=json") -> list[Any]:
    """Says things on the Gateway without the library; returns what was heard, and last the code of the close, if any."""

    async def scene() -> list[Any]:
        heard: list[Any] = []
        async with aiohttp.ClientSession() as session, session.ws_connect(fake.gateway_url + query) as socket:
            for one in said:
                await socket.send_str(one if isinstance(one, str) else json.dumps(one))
            while True:
                try:
                    message = await socket.receive(timeout=5 if wait else 0.3)
                except TimeoutError:
                    return heard
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return [*heard, socket.close_code]
                heard.append(json.loads(message.data))

    return asyncio.run(scene())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("nonsense", 4002), ({"op": 99, "d": None}, 4001), ({"op": 3, "d": {}}, 4003), ({"token": "x"}, 4004),
        ({"shard": [1, 1]}, 4010), ({"intents": 1 << 40}, 4013), ({"intents": 1 << 15}, 4014), ("x" * 4097, 4002),
    ],
)  # fmt: skip
def test_the_gateway_closes_with_a_code(fake: FakeDiscord, said: Any, code: int) -> None:
    first = identify(fake, **said) if isinstance(said, dict) and "op" not in said else said
    assert talk(fake, first, wait=True)[-1] == code
    assert fake.objections[0].startswith(f"Gateway: {code} ")


def test_more_is_said_against_who_goes_on(fake: FakeDiscord) -> None:
    assert talk(fake, identify(fake), identify(fake), wait=True)[-1] == 4005
    assert talk(fake, *[{"op": 1, "d": None}] * 121, wait=True)[-1] == 4008
    assert talk(fake, query="?v=9", wait=True) == [4012]
    fake.most_guilds = 0
    assert talk(fake, identify(fake), wait=True)[-1] == 4011


def test_identifying_too_soon_makes_the_session_invalid(fake: FakeDiscord) -> None:
    fake.identify_every = 60.0
    fake.max_concurrency = 2
    assert talk(fake, identify(fake))[1]["t"] == "READY"
    assert talk(fake, identify(fake))[1] == {"op": 9, "d": False}
    assert talk(fake, identify(fake, shard=[1, 2]))[1]["t"] == "READY"


def test_who_starts_too_many_sessions_loses_the_token(fake: FakeDiscord) -> None:
    fake.session_remaining = 1
    assert talk(fake, identify(fake))[1]["t"] == "READY"
    assert call(fake, "GET", "/gateway/bot")[1]["session_start_limit"]["remaining"] == 0
    assert talk(fake, identify(fake), wait=True)[-1] == 4004
    assert call(fake, "GET", "/users/@me")[0] == 401
    assert "Discord reset the token" in fake.objections[0]


def test_resuming_is_checked(fake: FakeDiscord) -> None:
    def resume(**change: Any) -> list[Any]:
        return talk(fake, {"op": 6, "d": {"token": fake.token, "session_id": "x", "seq": 1, **change}})

    assert resume()[1] == {"op": 9, "d": False}
    assert resume(token="x")[-1] == 4004
    assert any("resume_gateway_url" in one for one in fake.objections)


def test_the_stream_may_be_compressed_or_not(fake: FakeDiscord) -> None:
    async def scene() -> tuple[int, Thing]:
        url = f"{fake.gateway_url}?v=10&encoding=json&compress=zlib-stream"
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            data = await socket.receive_bytes()
            return data[-4:] == b"\x00\x00\xff\xff", json.loads(zlib.decompressobj().decompress(data))

    assert asyncio.run(scene()) == (True, {"op": 10, "d": {"heartbeat_interval": 41_250}})
    assert talk(fake)[0]["op"] == 10


def test_a_token_that_is_not_valid_is_no_login(fake: FakeDiscord, elsewhere: Elsewhere) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.http.Route, "BASE", fake.api_url)

        async def scene() -> None:
            async with Bot() as bot:
                await bot.start("wrong")

        with pytest.raises(discord.LoginFailure):
            elsewhere.do(scene())


# Limits and faults


def test_each_route_has_a_limit(place: Place) -> None:
    fake = place.fake
    answers = [send(fake, place.channel) for _ in range(6)]
    assert [status for status, _, _ in answers] == [200] * 5 + [429]
    assert [headers["X-RateLimit-Remaining"] for _, _, headers in answers[:5]] == ["4", "3", "2", "1", "0"]
    _, body, headers = answers[5]
    assert 0 < body["retry_after"] <= 5
    assert not body["global"]
    assert (headers["X-RateLimit-Scope"], "Via" in headers, headers["Content-Type"]) == (
        "user",
        True,
        "application/json",
    )
    assert fake.invalid_requests == 1
    assert send(fake, channel_of(fake, place))[0] == 200
    assert "over the limit of this route" in fake.objections[0]


def test_the_library_keeps_to_the_limit_of_a_route(bot: Bot, elsewhere: Elsewhere, place: Place) -> None:
    place.fake.limits.routes["POST /channels/{id}/messages"] = (2, 0.4)

    async def scene() -> None:
        target = bot.get_partial_messageable(int(place.channel))
        await asyncio.gather(*(target.send(str(number)) for number in range(5)))

    elsewhere.do(scene())
    assert len(place.seen()) == 5
    assert place.fake.objections == []


def test_everything_together_has_a_limit_but_for_answers(place: Place) -> None:
    fake = place.fake
    fake.limits.all_a_second = 3
    opened(place, {"type": 4, "data": {"content": "Hello", **QUIET}})
    answers = [call(fake, "GET", f"/channels/{place.channel}") for _ in range(4)]
    assert answers[-1][0] == 429
    assert answers[-1][1]["global"]
    assert answers[-1][2]["X-RateLimit-Global"] == "true"
    url = f"/webhooks/{fake.application_id}/{next(iter(fake.tokens))}/messages/@original"
    assert call(fake, "GET", url)[0] == 200


def test_too_many_requests_that_are_not_in_order_shut_the_address_out(place: Place) -> None:
    fake = place.fake
    fake.limits.invalid_most = 3
    fake.reset_token()
    assert [send(fake, place.channel)[0] for _ in range(4)] == [401, 401, 401, 429]
    answer = call(fake, "GET", "/gateway")
    assert (answer[0], "Via" in answer[2], answer[1]) == (429, False, "error code: 1015")


def test_a_limit_can_be_a_fault(bot: Bot, elsewhere: Elsewhere, place: Place) -> None:
    fake = place.fake

    async def post() -> None:
        await bot.get_partial_messageable(int(place.channel)).send("Hello")

    fake.fault("POST /channels/{id}/messages", "ratelimited", retry_after=0.2, is_global=True)
    fake.fault("POST /channels/{id}/messages", "ratelimited", retry_after=0.2, scope="shared")
    elsewhere.do(post())
    assert [one.status for one in fake.requests[-3:]] == [429, 429, 200]
    assert fake.invalid_requests == 1
    fake.fault("POST /channels/{id}/messages", "ratelimited", via=False)
    with pytest.raises(discord.HTTPException, match="1015"):
        elsewhere.do(post())
    assert len(place.seen()) == 1
    assert fake.objections == []


def test_an_answer_can_be_lost_after_the_work_is_done(bot: Bot, elsewhere: Elsewhere, place: Place) -> None:
    fake = place.fake

    async def post() -> None:
        await bot.get_partial_messageable(int(place.channel)).send("Hello", nonce="one")

    cuts: tuple[tuple[Kind, int], ...] = (("cut_before", 0), ("cut_after", 1))
    for kind, there in cuts:
        fake.fault("POST /channels/{id}/messages", kind)
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            elsewhere.do(post())
        assert len(place.seen()) == there
    elsewhere.do(post())
    assert len(place.seen()) == 1
    assert fake.objections == []


def test_an_answer_can_come_late_or_be_a_page_of_html(place: Place) -> None:
    fake = place.fake
    fake.fault("POST /channels/{id}/messages", "hang", seconds=0.3)
    fake.fault("POST /channels/{id}/messages", "status", status=502)
    fake.fault(
        "POST /channels/{id}/messages",
        "refuse",
        status=403,
        code=50013,
        message="No",
        when=lambda a: a["content"] == "x",
    )
    start = time.monotonic()
    assert send(fake, place.channel)[0] == 200
    assert time.monotonic() - start >= 0.3
    status, page, headers = send(fake, place.channel)
    assert (status, page[:6], headers["Content-Type"][:9]) == (502, "<html>", "text/html")
    assert send(fake, place.channel)[0] == 200
    assert send(fake, place.channel, "x")[:2] == (403, {"message": "No", "code": 50013})


def test_a_callback_that_was_cut_off_is_repeated_and_then_already_answered(bot: Bot, place: Place) -> None:
    fake = place.fake
    fake.fault("callback", "cut_after")
    asked = place.ask("company", name="Tesla")
    assert asked.disturbed
    assert asked.error is None
    assert len(place.seen()) == 1
    fake.do(fake.until(lambda: bot.failed))
    assert isinstance(bot.failed[0], aiohttp.ClientError | ConnectionError)
    fake.fault("callback", "status", status=500)
    assert place.ask("company", name="Tesla").messages()
    assert [one.status for one in fake.requests if one.path.endswith("/callback")][-2:] == [500, 200]
    assert fake.objections == []


def test_a_lost_answer_that_the_library_repeats_is_no_mistake_of_the_app(place: Place) -> None:
    fake = place.fake
    fake.fault("callback", "hang", seconds=0.0)
    answer = {"type": 4, "data": {"content": "Hello", **QUIET}}
    opened(place, answer, answer)
    codes = [one.code for one in fake.requests if one.path.endswith("/callback")]
    assert codes == [None, 40060]
    assert fake.objections == []


def test_webhooks_can_fail(place: Place) -> None:
    fake = place.fake
    asked = opened(place, {"type": 5})
    fake.fault("webhook", "status", status=500)
    url = f"/webhooks/{fake.application_id}/{asked.token}/messages/@original"
    assert call(fake, "PATCH", url, {"content": "x", **QUIET})[0] == 500
    assert call(fake, "PATCH", url, {"content": "x", **QUIET})[0] == 200
    assert place.seen() == ["x"]


def test_connections_can_be_refused(fake: FakeDiscord, elsewhere: Elsewhere) -> None:
    with running(fake, elsewhere):
        fake.refuse_connections(times=1)
        fake.do(fake.close())
        fake.do(fake.until(lambda: fake.gateway.refusals == 0 and fake.connections == 1))


def test_what_never_comes_is_told_with_all_there_is(bot: Bot, place: Place) -> None:
    place.answer("public")
    with pytest.raises(AssertionError, match=r"callback -> 200.*For all"):
        place.fake.do(place.fake.until(lambda: False, timeout=0.05))
