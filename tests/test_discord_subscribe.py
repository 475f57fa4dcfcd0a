"""Subscribing on Discord as people meet it: a form, typed options, buttons; and who may."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.admission import Admission
from bot.answer import Answers
from bot.platforms.discord.places import Target, target
from tests.discord_in_process import FastClock, InProcess, core
from tests.discord_reader import Reader, custom_ids, fields
from tests.fakes.discord import FakeDiscord, Message
from tests.fakes.discord_server import MANAGE_CHANNELS, MANAGE_GUILD, USUAL

MANAGER = USUAL | MANAGE_CHANNELS


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeDiscord]:
    folder = tmp_path_factory.mktemp("data")
    with FakeDiscord() as discord, InProcess(discord, folder, FastClock(), core(folder)):
        discord.do(discord.until(lambda: discord.connections == 1, 30))
        yield discord


@pytest.fixture
def discord(server: FakeDiscord) -> Iterator[FakeDiscord]:
    """Gives the server, and looks afterwards whether Discord would have objected to anything."""
    server.objections.clear()
    yield server
    assert server.objections == []


@pytest.fixture
def reader(discord: FakeDiscord) -> Reader:
    return manager(discord)


def manager(discord: FakeDiscord) -> Reader:
    """Returns somebody who owns no server and manages the channels of one."""
    reader = Reader(discord)
    owner = discord.user("owner")
    members = discord.guilds[reader.guild].members
    members |= {reader.user: MANAGER, reader.other: USUAL, owner: (1 << 53) - 1}
    return reader


def saved(reader: Reader, channel: str = "", **options: str) -> Message:
    """Subscribes a channel by typed options and returns what is said of it."""
    typed = {"schedule": "weekdays at 09:00", "zone": "Asia/Shanghai"} | options
    return reader.click(reader.ask("subscribe", channel, **typed), "Save")


def listed(reader: Reader, channel: str = "") -> str:
    return read(reader.ask("subscriptions", channel))


def read(message: Message) -> str:
    """Returns a message as people read it."""
    return re.sub(r"[\\\u200b*]", "", message.shown)


def id_in(message: Message) -> str:
    """Returns the id of the subscription that can be changed from a message."""
    (line,) = {one for one in custom_ids(message) if one.startswith("1:/subscribe edit:")}
    return line.rpartition(":")[2]


def test_a_form_is_filled_in_mended_and_saved_and_then_listed(reader: Reader) -> None:
    modal = reader.open("subscribe")
    assert list(fields(modal)) == ["Schedule", "Zone", "Topics", "Except", "More"]
    assert "layout: full" in fields(modal)["More"].split("\n")
    wrong = reader.send(
        modal, Schedule="weekdays at 09:00", Zone="Asia/Beijing", Topics="Zephyr Airships", More="most: 99"
    )
    assert wrong.ephemeral_to == reader.user
    assert "Asia/Shanghai" in wrong.shown
    again = reader.open_by(wrong, "Change")
    assert fields(again) == {
        "Schedule": "weekdays at 09:00", "Zone": "Asia/Beijing", "Topics": "Zephyr Airships", "Except": "",
        "More": "most: 99",
    }  # fmt: skip
    assert "did you mean Asia/Shanghai?" in again.shown
    assert "most: " in again.shown
    offer = reader.send(again, Zone="Asia/Shanghai", More="most: 9")
    assert offer is wrong, "the problems give way to what would be saved"
    for run in ("Thu 16 Jun 2033", "Fri 17 Jun 2033", "Mon 20 Jun 2033"):
        assert run in offer.shown
    assert "Zephyr Airships" not in listed(reader)
    reader.click(offer, "Save")
    assert "Zephyr Airships" in listed(reader)
    assert len(reader.seen(by=reader.other)) == 0


def test_what_would_be_saved_can_be_changed_once_more(reader: Reader) -> None:
    offer = reader.send(reader.open("subscribe"), Schedule="daily 8am", Zone="Asia/Shanghai", More="title: Morning")
    modal = reader.open_by(offer, "Change")
    assert fields(modal)["Schedule"] == "daily 8am"
    assert "title: Morning" in fields(modal)["More"]
    assert reader.click(reader.send(modal, Schedule="daily 9am"), "Save")
    assert "09:00" in listed(reader)


def test_options_subscribe_in_one_go(reader: Reader) -> None:
    offer = reader.ask("subscribe", schedule="weekdays at 09:00", zone="Asia/Shanghai", layout="headlines")
    assert offer.ephemeral_to == reader.user
    assert "Thu 16 Jun 2033" in offer.shown
    reader.click(offer, "Save")
    assert "headlines" in listed(reader)


def test_options_that_cannot_be_used_are_mended_in_the_form(reader: Reader) -> None:
    wrong = reader.ask("subscribe", schedule="whenever", zone="Asia/Shanghai", title="Morning")
    modal = reader.open_by(wrong, "Change")
    assert (fields(modal)["Schedule"], fields(modal)["Zone"]) == ("whenever", "Asia/Shanghai")
    assert {"title: Morning", "layout: full"} <= set(fields(modal)["More"].split("\n"))
    reader.click(reader.send(modal, Schedule="daily 8am"), "Save")
    assert "Morning" in listed(reader)


def test_a_line_that_names_nothing_is_told_of(reader: Reader) -> None:
    said = reader.send(
        reader.open("subscribe"), Schedule="daily 8am", Zone="UTC", More="titel: Morning\nvery big"
    ).shown
    assert "titel" in said
    assert "title" in said
    assert "very" in said


def test_a_form_that_is_edited_holds_what_is_there_and_what_is_emptied_is_empty(reader: Reader) -> None:
    done = saved(reader, topics="Zephyr Airships", title="Morning", layout="headlines")
    modal = reader.open("subscribe", edit=id_in(done))
    assert fields(modal)["Topics"] == "Zephyr Airships"
    assert {"title: Morning", "layout: headlines"} <= set(fields(modal)["More"].split("\n"))
    offer = reader.send(modal, Topics="", More="title: Evening")
    assert "Zephyr Airships" in offer.shown, "what differs is told"
    reader.click(offer, "Save")
    shown = listed(reader)
    assert "Evening" in shown
    assert "Morning" not in shown
    assert "Zephyr Airships" not in shown
    assert "headlines" in shown, "a line that is left out stays as it is"


def test_what_is_listed_is_edited_by_a_click(reader: Reader) -> None:
    saved(reader, title="Morning")
    modal = reader.open_by(reader.ask("subscriptions"), "Change")
    assert fields(modal)["Schedule"] == "weekdays at 09:00"
    reader.click(reader.send(modal, Schedule="mondays 08:30"), "Save")
    assert "08:30" in listed(reader)


def test_a_member_who_may_not_manage_channels_is_not_offered_the_command(reader: Reader) -> None:
    with pytest.raises(LookupError, match="may not use"):
        reader.discord.do(reader.discord.command(reader.other, reader.channel, "subscribe"))


def test_a_member_whom_an_admin_allows_the_command_is_refused_all_the_same(reader: Reader) -> None:
    discord = reader.discord
    id_ = id_in(saved(reader))
    discord.do(discord.allow(reader.other, reader.guild, "subscribe"))
    typed: list[dict[str, str]] = [{}, {"edit": id_}, {"schedule": "daily 8am", "zone": "UTC"}]
    for options in typed:
        asked = discord.do(discord.command(reader.other, reader.channel, "subscribe", options))
        assert asked.modal is None
        assert "Only people who manage this place" in reader.answer(asked).shown
    form = reader.open("subscribe")  # sent by somebody who may no longer
    discord.guilds[reader.guild].members[reader.user] = USUAL
    assert "Only people who manage this place" in reader.send(form, Schedule="daily 8am", Zone="UTC").shown


def test_whoever_manages_one_channel_subscribes_that_and_no_other(reader: Reader) -> None:
    discord, user = reader.discord, reader.other
    own = discord.do(discord.channel(reader.guild, "own"))
    discord.channels[own].ranks[user] = MANAGER
    reader.user = user
    saved(reader, own, title="Morning")
    assert "Morning" in listed(reader, own)
    with pytest.raises(LookupError, match="may not use"):
        reader.ask("subscribe", schedule="daily 8am", zone="UTC")
    assert "Morning" not in listed(reader)


def test_whoever_manages_the_server_sees_what_is_posted_anywhere_in_it(reader: Reader) -> None:
    discord = reader.discord
    saved(reader, title="Morning")
    elsewhere = discord.do(discord.channel(reader.guild, "elsewhere"))
    assert "Morning" not in reader.ask("subscriptions", elsewhere, action="all").shown
    discord.guilds[reader.guild].members[reader.user] |= MANAGE_GUILD
    assert "Morning" in reader.ask("subscriptions", elsewhere, action="all").shown


def test_an_id_of_another_server_is_unknown(reader: Reader) -> None:
    id_ = id_in(saved(reader, title="Morning"))
    stranger = Reader(reader.discord)
    for said in (
        stranger.ask("subscribe", edit=id_).shown,
        stranger.ask("subscribe", edit=id_, title="Mine").shown,
        stranger.ask("subscriptions", action="remove", id=id_).shown,
    ):
        assert "no subscription" in said
        assert "Morning" not in said
    assert "Morning" in listed(reader)


def test_a_channel_of_another_server_cannot_be_subscribed_behind_ones_own(reader: Reader) -> None:
    stranger = Reader(reader.discord)  # owns the other server
    foreign = f"discord:{stranger.guild}/{reader.channel}"
    thread = f"discord:{stranger.guild}/{stranger.channel}/{reader.channel}"
    for place in (foreign, thread):
        assert "is not here" in stranger.ask("subscribe", schedule="daily 8am", zone="UTC", place=place).shown
        hidden = stranger.ask("subscribe", schedule=f"daily 8am place:{place}", zone="UTC")
        assert "is not here" in hidden.shown
        form = stranger.send(stranger.open("subscribe"), Schedule="daily 8am", Zone="UTC", More=f"place: {place}")
        assert "is not here" in form.shown


def places(reader: Reader, channel: str) -> set[str]:
    """Returns where what is listed in a channel is posted, as the ids of what Discord names to everybody."""
    elsewhere = reader.discord.do(reader.discord.channel(reader.guild, "elsewhere"))
    reader.discord.guilds[reader.guild].members[reader.user] |= MANAGE_GUILD
    shown = reader.ask("subscriptions", elsewhere, action="all").shown
    return set(re.findall("<#([0-9]+)>", shown))


def test_a_thread_and_a_post_of_a_forum_are_subscribed_by_themselves(reader: Reader) -> None:
    discord = reader.discord
    forum = discord.do(discord.channel(reader.guild, "news", "forum"))
    thread = discord.do(discord.thread(reader.channel, "talk"))
    post = discord.do(discord.thread(forum, "first"))
    for room in (thread, post):
        reader.click(reader.send(reader.open("subscribe", room), Schedule="daily 8am", Zone="UTC"), "Save")
    saved(reader, post, place=f"discord:{reader.guild}/{forum}")
    assert places(reader, thread) == {thread, post, forum}
    assert target(f"discord:{reader.guild}/{forum}/{post}").room == post


def test_alone_with_the_bot_people_subscribe_themselves(reader: Reader) -> None:
    channel = reader.discord.dm(reader.other)
    reader.user = reader.other
    offer = reader.send(reader.open("subscribe", channel), Schedule="daily 8am", Zone="UTC", More="title: Mine")
    assert offer.ephemeral_to is None
    reader.click(offer, "Save")
    assert "Mine" in listed(reader, channel)
    assert target(f"discord:@{channel}/{channel}") == Target(channel=channel)


def test_where_the_bot_came_with_a_person_nothing_can_be_subscribed(discord: FakeDiscord) -> None:
    reader = Reader(discord, installed=True)
    foreign = discord.do(discord.guild("elsewhere", [reader.user], installed=False))  # which they own
    channel = discord.do(discord.channel(foreign, "general", bot=False))
    with pytest.raises(LookupError, match="not installed"):
        reader.open("subscribe", channel)
    assert "1:/subscribe" not in custom_ids(reader.ask("subscriptions", channel))


def test_a_confirmation_finds_its_way_though_the_message_that_opened_the_form_is_gone(reader: Reader) -> None:
    saved(reader)
    message = reader.ask("subscriptions")
    modal = reader.open_by(message, "Change")
    reader.discord.do(reader.discord.delete_message(message))
    offer = reader.send(modal, Schedule="mondays 08:30")
    assert offer.ephemeral_to == reader.user
    assert "08:30" in read(offer)


def test_zones_topics_and_schedules_are_completed(reader: Reader) -> None:
    assert ("Asia/Shanghai", "Asia/Shanghai") in reader.complete("subscribe", "zone", "shang")
    offered = dict(reader.complete("subscribe", "topics", "Nimbus, ze"))
    assert any(value.startswith("Nimbus, Zephyr") for value in offered.values())
    assert reader.complete("subscribe", "schedule", "weekd")


def test_a_choice_of_topics_can_be_typed_on(reader: Reader) -> None:
    """Discord puts the name of what is chosen into the field, and sends that if something is typed after it."""
    for name, _ in reader.complete("subscribe", "topics", "Nimbus, ze")[:5]:
        offer = reader.ask("subscribe", schedule="daily 8am", zone="UTC", topics=f"{name}, words:fog")
        assert "Save" in offer.shown, name


@pytest.fixture
def alone() -> Iterator[FakeDiscord]:
    """Gives a server of a test's own."""
    with FakeDiscord() as discord:
        discord.identify_every = 0
        yield discord
        assert discord.objections == []


def running(discord: FakeDiscord, folder: Path, **more: Any) -> InProcess:
    return InProcess(discord, folder, FastClock(), core(folder, **more))


def begun(discord: FakeDiscord) -> None:
    discord.do(discord.until(lambda: discord.connections == 1, 30))


def test_a_form_and_its_buttons_outlive_a_restart_and_what_was_written_says_that_it_is_gone(
    alone: FakeDiscord, tmp_path: Path
) -> None:
    with running(alone, tmp_path):
        begun(alone)
        reader = manager(alone)
        form = reader.open("subscribe")
        wrong = reader.ask("subscribe", schedule="whenever")
        offer = reader.ask("subscribe", schedule="daily 8am", zone="UTC", title="Morning")
    with running(alone, tmp_path):
        begun(alone)
        assert "This control no longer works" in reader.click(wrong, "Change").shown
        assert "Save" in reader.send(form, Schedule="daily 9am", Zone="UTC").shown
        reader.click(offer, "Save")
        assert "Morning" in listed(reader)


class Hanging(Answers):
    """Answers as if the store needed longer than Discord waits."""

    async def filled(self, request: Any) -> Mapping[str, str]:
        await asyncio.sleep(60)
        return await super().filled(request)

    async def answer(self, request: Any) -> Any:
        await asyncio.sleep(1.2 * (request.command == "subscribe"))
        return await super().answer(request)


def test_a_store_that_hangs_delays_neither_the_form_nor_the_word_that_an_answer_comes(
    alone: FakeDiscord, tmp_path: Path
) -> None:
    with running(alone, tmp_path, kind=Hanging):
        begun(alone)
        reader = manager(alone)
        modal = reader.open("subscribe")
        assert set(fields(modal).values()) == {""}
        sent = alone.do(alone.submit(reader.user, modal, {"Schedule": "daily 8am", "Zone": "UTC"}))
        assert sent.deferred
        reader.until(lambda: "Save" in sent.messages()[0].shown if sent.messages() else False)
        offer = reader.answer(sent)
        assert offer.ephemeral_to == reader.user
        done = reader.click(offer, "Save")
        edit = alone.do(alone.command(reader.user, reader.channel, "subscribe", {"edit": id_in(done)})).modal
        assert edit
        assert set(fields(edit).values()) == {""}
        changed = alone.do(alone.submit(reader.user, edit, {"More": "title: Morning"}))
        reader.until(lambda: "Save" in changed.messages()[0].shown if changed.messages() else False)
        assert "08:00" in read(changed.messages()[0]), "an empty field of a form without values says nothing"


def test_a_form_that_is_sent_too_fast_is_not_lost(alone: FakeDiscord, tmp_path: Path) -> None:
    with running(alone, tmp_path, admission=Admission(lambda: 0.0)):
        begun(alone)
        reader = manager(alone)
        modal = reader.open("subscribe")
        for _ in range(4):
            reader.ask("help")
        told = reader.send(modal, Schedule="daily 8am", Zone="UTC")
        assert "One at a time" in told.shown
        assert "Change" in told.shown


class Broken(Answers):
    """Has a fault."""

    async def filled(self, request: Any) -> Mapping[str, str]:
        if request.arguments:
            raise ValueError("a fault of ours")
        return await super().filled(request)

    async def answer(self, request: Any) -> Any:
        raise ValueError("a fault of ours")


def test_a_fault_is_told_with_its_id_and_what_was_written_is_not_lost(alone: FakeDiscord, tmp_path: Path) -> None:
    with running(alone, tmp_path, kind=Broken):
        begun(alone)
        reader = manager(alone)
        told = reader.send(reader.open("subscribe"), Schedule="daily 8am")
        assert "went wrong" in told.shown
        assert fields(reader.open_by(told, "Change"))["Schedule"] == "daily 8am"
        assert "went wrong" in reader.ask("subscribe", edit="7F3A2K").shown
