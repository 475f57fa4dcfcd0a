"""Digests on Discord: posted once, found again, paced, and refused with a reason, against the fake Discord."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from discord.http import Route
from msgspec.structs import replace

from bot.answer import Answers
from bot.platforms.discord.adapter import Discord
from bot.platforms.discord.guilds import AFTER_DOUBT
from bot.platforms.discord.headroom import Headroom
from bot.platforms.discord.pacing import MOST_A_SECOND, MOST_INVALID, RATE, WINDOW, Pacing
from bot.platforms.discord.publishing import DiscordPublisher
from bot.platforms.discord.refusals import ELSEWHERE, FULL, SHUT_OUT, refusal
from bot.platforms.discord.render import BUDGET
from bot.platforms.discord.state import State
from bot.ports import TokenRefused
from bot.publishing import Absent, DeliveryError, Found, Post, Publisher, Receipt, Unknown
from briefings.digest import digest_briefing
from briefings.document import Document
from briefings.paginate import paginate
from tests.builders import TODAY, airships, edition, imprint, selected
from tests.fakes.discord import FakeDiscord, Message
from tests.fakes.discord_server import HISTORY, SEND, SEND_IN_THREADS, USUAL, VIEW
from tests.hand_clock import HandClock

Result = TypeVar("Result")
MESSAGES, POSTS = "POST /channels/{id}/messages", "POST /channels/{id}/threads"
CROSSPOST = "POST /channels/{id}/messages/{message_id}/crosspost"
LISTED, CHANNEL = "GET /users/@me/guilds", "GET /channels/{id}"
DELIVERY, OTHER = "7F3A2K9QABCDEFGH", "8G4B3M0RABCDEFGH"
KNOWN = airships()


class World:
    """Is a fake Discord and the one clock that it and the publisher go by."""

    def __init__(self, fake: FakeDiscord) -> None:
        self.fake = fake
        self.ahead = 0.0
        fake.clock = lambda: time.time() + self.ahead
        self.anna = fake.user("anna")
        self.guild = self.server()
        self.channel = self.room()

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def server(self) -> str:
        return self.fake.do(self.fake.guild("team", [self.anna]))

    def room(self, kind: Any = "text", guild: str = "", **options: Any) -> str:
        return self.fake.do(self.fake.channel(guild or self.guild, "news", kind, **options))

    def place(self, *rooms: str, guild: str = "") -> str:
        return "/".join((f"discord:{guild or self.guild}", *(rooms or (self.channel,))))

    def post(self, place: str = "", part: int = 1, of: str = DELIVERY, **fields: Any) -> Post:
        values: dict[str, Any] = {"page": pages(of)[part - 1], "first": self.now()}
        return Post(place=place or self.place(), key=f"{of}-{part}", **(values | fields))

    def seen(self, room: str = "") -> list[Message]:
        return self.fake.messages(room or self.channel)

    def do(self, scene: Callable[[DiscordPublisher], Awaitable[Result]], pacing: Pacing | None = None) -> Result:
        """Lets something happen with a new publisher, as a new process has it."""

        async def run() -> Result:
            clock = lambda: time.monotonic() + self.ahead  # noqa: E731
            shared = pacing or Pacing(self.fake.api_url, clock)
            publisher = DiscordPublisher(self.fake.token, self.fake.api_url, shared, self.now, clock)
            async with publisher.opened():
                return await scene(publisher)

        return asyncio.run(run())

    def publish(self, post: Post) -> Receipt:
        return self.do(lambda publisher: publisher.publish(post))

    def find(self, post: Post) -> Found | Absent | Unknown:
        return self.do(lambda publisher: publisher.find(post))

    def reachable(self, place: str = "") -> bool | None:
        return self.do(lambda publisher: publisher.reachable(place or self.place()))

    def refused(self, post: Post) -> DeliveryError:
        with pytest.raises(DeliveryError) as caught:
            self.publish(post)
        return caught.value

    def set_rights(self, rights: int, room: str = "") -> None:
        self.fake.channels[room or self.channel].permissions = rights


@cache
def pages(delivery: str) -> tuple[Document, ...]:
    """Returns a digest of several parts; they are always the same."""
    document = digest_briefing(edition(KNOWN), imprint(delivery=delivery[:8]), selected(KNOWN))
    return paginate(document, replace(BUDGET, capacity=(BUDGET.capacity[0], 1_200, 0)))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Gives a world, and looks afterwards whether Discord would have objected to anything."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    with FakeDiscord() as fake:
        world = World(fake)
        yield world
        assert fake.objections == []


def test_it_is_a_publisher() -> None:
    publisher: Publisher = DiscordPublisher("", "", Pacing(""), lambda: datetime.now(UTC), time.monotonic)
    assert publisher.settle > 10
    assert len(pages(DELIVERY)) > 2


def test_a_digest_is_posted_without_a_session_and_shows_no_previews(world: World) -> None:
    receipt = world.publish(world.post())
    (message,) = world.seen()
    assert receipt == Receipt(message.id)
    assert message.nonce == f"{DELIVERY}-1"
    assert "/why 7F3A2K9Q · part 1 of" in message.shown
    assert message.flags & 1 << 2
    (sent,) = world.fake.calls(MESSAGES)
    assert sent.arguments["allowed_mentions"] == {"parse": []}
    assert world.fake.identifies == []
    assert not [one for one in world.fake.requests if "gateway" in one.path]


def test_opening_asks_nothing(world: World) -> None:
    async def nothing(_: DiscordPublisher) -> None: ...

    world.do(nothing)
    assert world.fake.requests == []


@pytest.mark.parametrize("kind", ["cut_after", "status_after"])
def test_what_was_taken_though_its_answer_was_lost_is_not_posted_twice(world: World, kind: Any) -> None:
    world.fake.fault(MESSAGES, kind)
    error = world.refused(world.post())
    assert (error.outcome, error.scope) == ("ambiguous", "message")
    assert len(world.fake.calls(MESSAGES)) == 1
    world.ahead += 60
    world.publish(world.post())
    assert len(world.seen()) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 524])
def test_a_fault_of_discords_is_not_repeated_by_the_library(world: World, status: int) -> None:
    world.fake.fault(MESSAGES, "status", status=status, times=9)
    assert (world.refused(world.post()).outcome, len(world.fake.calls(MESSAGES))) == ("ambiguous", 1)


@pytest.mark.parametrize("aside", [0.0, 7_200.0, -7_200.0])
def test_after_the_nonces_time_a_message_is_found_whatever_our_clock_says(world: World, aside: float) -> None:
    post = world.post()
    world.publish(post)
    world.publish(world.post(part=2))
    world.publish(world.post(of=OTHER))
    world.ahead += 3_600
    first, second, other = world.seen()
    moved = timedelta(seconds=aside)
    now, world.now = world.now, lambda: now() + moved  # type: ignore[method-assign]
    since = post.first + moved
    assert world.find(replace(post, first=since)) == Found(Receipt(first.id))
    assert world.find(world.post(part=2, first=since)) == Found(Receipt(second.id))
    assert world.find(world.post(of=OTHER, first=since)) == Found(Receipt(other.id))
    assert world.find(world.post(part=3, first=since)) == Absent()


def test_a_clock_that_was_ahead_and_was_set_right_hides_nothing(world: World) -> None:
    post = world.post(first=world.now() + timedelta(hours=2))
    receipt = world.publish(post)
    assert world.find(post) == Found(receipt)


def test_what_people_quote_is_not_taken_for_ours(world: World) -> None:
    post = world.post()
    quoted = world.publish(post)
    world.fake.posted[quoted.message].author = world.anna
    assert world.find(post) == Absent()


def test_a_page_without_a_line_is_found_by_its_text(world: World) -> None:
    page = replace(pages(DELIVERY)[0], page=None)
    post = world.post(page=page)
    receipt = world.publish(post)
    assert world.find(post) == Found(receipt)
    assert world.find(replace(post, page=replace(page, title="Another"))) == Absent()


def test_it_is_found_behind_many_messages_and_not_behind_too_many(world: World) -> None:
    post = world.post()
    for _ in range(250):
        world.fake.do(world.fake.say(world.anna, world.channel, "Hello"))
    receipt = world.publish(post)
    assert world.find(post) == Found(receipt)
    late = replace(post, key=f"{OTHER}-1", page=pages(OTHER)[0], first=post.first - timedelta(hours=1))
    for _ in range(800):
        world.fake.do(world.fake.say(world.anna, world.channel, "Hello"))
    found = world.find(late)
    assert isinstance(found, Unknown)
    assert "1000 messages" in found.reason


@pytest.mark.parametrize("rights", [USUAL & ~HISTORY, 0])
def test_where_history_may_not_be_read_the_nonce_is_trusted_for_two_minutes(world: World, rights: int) -> None:
    post = world.post()
    world.publish(post)
    world.set_rights(rights)
    assert world.find(post) == Absent(sure=False)
    world.ahead += 180
    found = world.find(post)
    assert isinstance(found, Unknown)
    assert ("Read Message History" if rights else "View Channel") in found.reason


def test_without_history_a_channel_still_tells_that_nothing_was_written(world: World) -> None:
    world.publish(world.post())
    world.ahead += 3_600
    world.set_rights(USUAL & ~HISTORY)
    post = world.post(of=OTHER)
    world.ahead += 3_600
    assert world.find(post) == Absent()


def test_where_the_channel_is_gone_nothing_was_posted(world: World) -> None:
    world.fake.do(world.fake.delete_channel(world.channel))
    assert world.find(world.post()) == Absent()


@pytest.mark.parametrize(("kind", "scope"), [("status", "place"), ("cut_before", "place"), ("ratelimited", "place")])
def test_what_cannot_be_looked_for_now_can_be_later(world: World, kind: Any, scope: str) -> None:
    receipt = world.publish(world.post())
    world.fake.fault("GET /channels/{id}/messages", kind, times=2)  # aiohttp asks again, once, on a kept connection
    with pytest.raises(DeliveryError) as caught:
        world.find(world.post())
    assert (caught.value.outcome, caught.value.scope) == ("not_accepted", scope)
    world.fake.faults.waiting.clear()
    assert world.find(world.post()) == Found(receipt)


def test_a_forum_gets_a_post_named_by_title_and_day_with_its_tags(world: World) -> None:
    forum = world.room("forum", tags=("Digest", "Other", "Airships"), tag_required=True)
    receipt = world.publish(world.post(world.place(forum), tags=("airships", "DIGEST", "none")))
    (thread,) = world.fake.threads(forum)
    assert thread.name == "Morning · 15 Jun 2033"
    assert {world.fake.channels[forum].tags[tag] for tag in thread.applied_tags} == {"Digest", "Airships"}
    assert receipt == Receipt(thread.id, thread.id)
    assert world.fake.messages(thread.id)[0].nonce is None


def test_tags_that_only_moderators_put_are_left_out(world: World) -> None:
    forum = world.room("forum", tags=("Digest",))
    world.fake.channels[forum].moderated = set(world.fake.channels[forum].tags)
    world.publish(world.post(world.place(forum), tags=("digest",)))
    assert world.fake.threads(forum)[0].applied_tags == []


def test_a_long_title_leaves_room_for_the_day(world: World) -> None:
    forum = world.room("forum")
    world.publish(world.post(world.place(forum), page=replace(pages(DELIVERY)[0], title="🛩" * 90)))
    assert world.fake.threads(forum)[0].name.endswith("… · 15 Jun 2033")


def test_a_forum_that_asks_for_a_tag_and_has_none_that_fits_says_so(world: World) -> None:
    forum = world.room("forum", tags=("Other",), tag_required=True)
    error = world.refused(world.post(world.place(forum), tags=("airships",)))
    assert (error.outcome, error.scope) == ("permanent", "place")
    assert "airships; add one" in error.reason
    assert world.reachable(world.place(forum)) is None


@pytest.mark.parametrize("archived", [False, True])
def test_a_forum_post_whose_answer_was_lost_is_found_and_its_parts_follow_in_it(world: World, archived: bool) -> None:
    forum = world.room("forum")
    post = world.post(world.place(forum))
    world.fake.fault(POSTS, "cut_after")
    assert world.refused(post).outcome == "ambiguous"
    (thread,) = world.fake.threads(forum)
    world.ahead += 3_600
    thread.archived = archived
    assert world.find(world.post(post.place, of=OTHER, first=post.first)) == Absent()
    found = world.find(post)
    assert isinstance(found, Found)
    second = world.post(post.place, 2, after=found.receipt)
    assert world.find(second) == Absent()
    receipt = world.publish(second)
    third = world.post(post.place, 3, after=receipt)
    world.publish(third)
    assert [f"part {n} of" in message.shown for n, message in enumerate(world.seen(thread.id), 1)] == [True] * 3
    assert [message.nonce for message in world.seen(thread.id)] == [None, second.key, third.key]
    assert world.find(second) == Found(receipt)
    assert receipt.channel == thread.id
    assert world.fake.threads(forum) == [thread]


@pytest.mark.parametrize("closed", ["deleted", "locked"])
def test_a_forum_post_that_moderators_end_does_not_end_the_place(world: World, closed: str) -> None:
    post = world.post(world.place(world.room("forum")))
    receipt = world.publish(post)
    setattr(world.fake.channels[receipt.channel], closed, True)
    error = world.refused(world.post(post.place, 2, after=receipt))
    assert (error.outcome, error.scope) == ("permanent", "message")


def test_a_forum_post_that_did_not_come_about_is_absent_and_one_that_cannot_be_read_unknown(world: World) -> None:
    forum = world.room("forum")
    post = world.post(world.place(forum))
    world.fake.fault(POSTS, "cut_before")
    assert world.refused(post).outcome == "ambiguous"
    assert world.find(post) == Absent()
    world.publish(post)
    world.set_rights(USUAL & ~HISTORY, forum)
    found = world.find(post)
    assert isinstance(found, Unknown)
    assert "Read Message History" in found.reason


def test_a_thread_is_opened_again_by_a_post_unless_it_is_locked(world: World) -> None:
    started = world.publish(world.post())
    thread = world.fake.add_channel("thread", "talk", world.fake.guilds[world.guild], parent=world.channel)
    thread.permissions, thread.archived = USUAL, True
    for place in (world.place(world.channel, thread.id), world.place(thread.id)):
        receipt = world.publish(world.post(place, of=OTHER))
        assert receipt.message != started.message
        assert world.find(world.post(place, of=OTHER)) == Found(receipt)
    assert not thread.archived
    assert len(world.seen(thread.id)) == 1
    thread.locked = True
    error = world.refused(world.post(world.place(world.channel, thread.id), 2))
    assert (error.outcome, error.scope, "unlock" in error.reason) == ("permanent", "place", True)
    assert world.reachable(world.place(world.channel, thread.id)) is False


def test_a_person_is_written_to_directly_and_the_conversation_is_asked_for_once(world: World) -> None:
    place = world.place(f"@{world.anna}")

    async def both(publisher: DiscordPublisher) -> list[Receipt]:
        first = await publisher.publish(world.post(place))
        return [first, await publisher.publish(world.post(place, 2, after=first))]

    receipts = world.do(both)
    conversation = world.fake.dm(world.anna)
    assert [receipt.channel for receipt in receipts] == [conversation] * 2
    assert len(world.fake.calls("POST /users/@me/channels")) == 1
    assert world.find(world.post(place)) == Found(receipts[0])
    assert world.reachable(place) is None
    world.fake.closed_dms.add(world.anna)
    assert world.refused(world.post(place, of=OTHER)).scope == "place"


def test_a_subscribed_conversation_is_written_to(world: World) -> None:
    conversation = world.fake.dm(world.anna)
    place = f"discord:@{conversation}/{conversation}"
    assert world.publish(world.post(place)) == Receipt(world.seen(conversation)[0].id)


def test_an_announcement_is_published_once_also_after_a_crash_before_it(world: World) -> None:
    channel = world.room("announcement")
    post = world.post(world.place(channel))
    world.publish(post)

    async def resumed(publisher: DiscordPublisher) -> None:
        found = await publisher.find(post)
        assert isinstance(found, Found)
        for _ in range(3):
            await publisher.finish(post, found.receipt)

    world.do(resumed)
    assert [one.status for one in world.fake.calls(CROSSPOST)] == [200, 400, 400]
    assert world.seen(channel)[0].flags & 1


def test_only_announcements_are_published(world: World) -> None:
    world.room("announcement")
    forum, other = world.room("forum"), world.server()
    elsewhere = world.room(guild=other)
    places = (world.place(), world.place(forum), world.place(f"@{world.anna}"), world.place(elsewhere, guild=other))

    async def all_of_them(publisher: DiscordPublisher) -> None:
        for number, place in enumerate(places):
            post = world.post(place, of=f"{number}{DELIVERY[1:]}")
            await publisher.finish(post, await publisher.publish(post))

    world.do(all_of_them)
    assert world.fake.calls(CROSSPOST) == []
    asked = [one.url.rpartition("/")[2] for one in world.fake.calls(CHANNEL)]
    assert asked == [world.channel, forum]  # a server that is no community has no announcements


def test_the_limit_of_announcements_is_trouble_of_the_message_and_is_met_once(world: World) -> None:
    channel = world.room("announcement")
    world.fake.limits.routes[CROSSPOST] = (1, 3_600.0)
    errors: list[DeliveryError] = []

    async def too_many(publisher: DiscordPublisher) -> None:
        for part in (1, 2, 3):
            post = world.post(world.place(channel), part)
            try:
                await publisher.finish(post, await publisher.publish(post))
            except DeliveryError as error:
                errors.append(error)

    world.do(too_many)
    assert [(error.outcome, error.scope) for error in errors] == [("not_accepted", "message")] * 2
    assert all(3_590 < (error.retry_after or 0) <= 3_600 for error in errors)
    assert len(world.fake.calls(CROSSPOST)) == 1


def test_what_a_moderator_deleted_is_not_published_any_more(world: World) -> None:
    channel = world.room("announcement")
    post = world.post(world.place(channel))
    receipt = world.publish(post)
    world.fake.do(world.fake.delete_message(world.fake.posted[receipt.message]))
    world.do(lambda publisher: publisher.finish(post, receipt))


@pytest.mark.parametrize(
    ("status", "code", "outcome", "scope", "way_out"),
    [
        (404, 10003, "permanent", "place", "subscribe in another"),
        (404, 10004, "permanent", "place", "invite it again"),
        (404, 10013, "permanent", "place", "not on Discord"),
        (400, 10087, "not_accepted", "place", "without"),
        (403, 20009, "permanent", "message", "explicit"),
        (403, 20026, "permanent", "place", "appeal"),
        (400, 30033, "not_accepted", "place", "full"),
        (400, 30046, "permanent", "message", "does not take it"),
        (403, 40001, "permanent", "lane", "discord.com/developers"),
        (429, 40003, "not_accepted", "place", "nothing more"),
        (403, 40003, "not_accepted", "place", "conversations"),
        (403, 40004, "not_accepted", "place", "for a while"),
        (400, 40005, "permanent", "message", "too large"),
        (400, 40060, "permanent", "message", "answered already"),
        (400, 40067, "permanent", "place", "tag"),
        (403, 40333, "not_accepted", "lane", "shuts this address out"),
        (403, 50001, "permanent", "place", "View Channel"),
        (400, 50006, "permanent", "message", "empty"),
        (403, 50007, "permanent", "place", "allow them"),
        (400, 50008, "permanent", "place", "subscribe in another"),
        (403, 50013, "permanent", "place", "Send Messages"),
        (400, 50035, "permanent", "message", "form"),
        (400, 50083, "permanent", "place", "Manage Threads"),
        (403, 50278, "permanent", "place", "invite it"),
        (400, 160005, "permanent", "place", "unlock"),
        (400, 160006, "not_accepted", "place", "close some"),
        (400, 200000, "permanent", "message", "AutoMod"),
        (400, 240000, "permanent", "message", "link"),
        (418, 99999, "permanent", "message", "does not take it"),
        (401, 0, "permanent", "lane", "DISCORD_BOT_TOKEN"),
    ],
)  # fmt: skip
def test_every_refusal_says_what_it_means_and_the_way_out(
    world: World, status: int, code: int, outcome: str, scope: str, way_out: str
) -> None:
    world.fake.fault(MESSAGES, "refuse", status=status, code=code, message="No.")
    error = world.refused(world.post())
    assert (error.outcome, error.scope) == (outcome, scope)
    assert way_out in error.reason
    assert len(world.fake.calls(MESSAGES)) == 1
    world.fake.objections.clear()  # of codes that an app should not meet


@pytest.mark.parametrize(
    ("status", "headers", "body", "told"),
    [
        (429, {"Via": "1"}, {"retry_after": 0.3, "global": False}, ("not_accepted", "place", 0.3)),
        (429, {"Via": "1", "Retry-After": "3600"}, {"global": True}, ("not_accepted", "lane", 3_600.0)),
        (429, {"Via": "1", "X-RateLimit-Scope": "global"}, {"retry_after": 2}, ("not_accepted", "lane", 2.0)),
        (429, {"Via": "1", "X-RateLimit-Scope": "shared"}, {"retry_after": 7}, ("not_accepted", "place", 7.0)),
        (429, {"Retry-After": "90"}, {"retry_after": 80}, ("not_accepted", "lane", 80.0)),
        (429, {"Retry-After": "90"}, "error code: 1015", ("not_accepted", "lane", 90.0)),
        (429, {}, "error code: 1015", ("not_accepted", "lane", SHUT_OUT)),
        (403, {}, "<html>Access denied, error 1020</html>", ("not_accepted", "lane", SHUT_OUT)),
        (403, {"Via": "1"}, {"code": 40333}, ("not_accepted", "lane", SHUT_OUT)),
        (407, {}, "<html>Who are you?</html>", ("not_accepted", "lane", ELSEWHERE)),
        (302, {}, "<html>Elsewhere</html>", ("not_accepted", "lane", ELSEWHERE)),
        (400, {}, {"code": 160006}, ("not_accepted", "place", FULL)),
        (200, {}, "<html>Sign in</html>", ("ambiguous", "message", None)),
        (503, {}, "", ("ambiguous", "message", None)),
    ],
    ids=str,
)  # fmt: skip
def test_who_answers_and_for_how_long_is_told_apart(
    status: int, headers: dict[str, str], body: Any, told: tuple[str, str, float | None]
) -> None:
    error = refusal(status, headers, body, sending=True)
    assert (error.outcome, error.scope, error.retry_after) == told


def test_where_nobody_listens_nothing_was_taken(world: World) -> None:
    address, world.fake.origin = world.fake.origin, "http://127.0.0.1:9"
    try:
        for place in (world.place(), world.place(f"@{world.anna}"), f"discord:@1/{world.channel}"):
            error = world.refused(world.post(place))
            assert (error.outcome, error.scope, error.retry_after) == ("not_accepted", "lane", None)
            assert "cannot be reached" in error.reason
    finally:
        world.fake.origin = address


def test_a_name_that_does_not_resolve_and_a_server_without_tls_took_nothing(world: World) -> None:
    origin = world.fake.origin
    for address in ("http://discord.invalid", origin.replace("http", "https")):
        world.fake.origin = address
        error = world.refused(world.post(f"discord:@1/{world.channel}"))
        assert (error.outcome, error.scope) == ("not_accepted", "lane")
    world.fake.origin = origin


def test_an_answer_that_does_not_come_in_time_leaves_it_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.platforms.discord.rest.TIMEOUT", 0.3)
    world.fake.fault(MESSAGES, "hang", seconds=0.6)
    error = world.refused(world.post())
    assert (error.outcome, error.scope) == ("ambiguous", "message")
    assert "did not answer" in error.reason
    world.publish(world.post())
    assert len(world.seen()) == 1


def test_a_global_limit_of_an_hour_is_told_at_once_and_asked_nothing_until_it_is_over(world: World) -> None:
    world.fake.fault(MESSAGES, "ratelimited", retry_after=3_600, is_global=True)

    async def twice(publisher: DiscordPublisher) -> list[DeliveryError]:
        errors = []
        for part in (1, 2):
            with pytest.raises(DeliveryError) as caught:
                await publisher.publish(world.post(part=part))
            errors.append(caught.value)
        world.ahead += 3_600
        await publisher.publish(world.post())
        return errors

    first, second = world.do(twice)
    assert (first.outcome, first.scope, first.retry_after) == ("not_accepted", "lane", 3_600)
    assert (second.outcome, second.scope) == ("not_accepted", "lane")
    assert 3_590 < (second.retry_after or 0) <= 3_600
    assert [one.status for one in world.fake.calls(MESSAGES)] == [429, 200]


def test_a_discord_that_lets_nobody_in_says_so_without_a_message(world: World) -> None:
    async def knocked(publisher: DiscordPublisher) -> None:
        await publisher.knock()
        world.fake.fault("GET /users/@me", "status")
        with pytest.raises(DeliveryError, match="Discord answered 503"):
            await publisher.knock()
        world.fake.reset_token()
        with pytest.raises(DeliveryError, match="DISCORD_BOT_TOKEN") as caught:
            await publisher.knock()
        assert caught.value.outcome == "permanent"

    world.do(knocked)
    world.fake.objections.clear()


def test_a_refused_token_is_not_tried_again_and_again(world: World) -> None:
    world.fake.reset_token()

    async def thrice(publisher: DiscordPublisher) -> None:
        for part in (1, 2, 3):
            with pytest.raises(DeliveryError, match="DISCORD_BOT_TOKEN"):
                await publisher.publish(world.post(part=part))

    world.do(thrice)
    assert world.fake.invalid_requests == 1
    world.fake.objections.clear()


def test_after_too_many_refusals_nothing_is_sent_for_a_while(world: World) -> None:
    pacing = Pacing(world.fake.api_url)
    for _ in range(MOST_INVALID):
        pacing.count(403, {})
    with pytest.raises(DeliveryError) as caught:
        world.do(lambda publisher: publisher.publish(world.post()), pacing)
    assert (caught.value.outcome, caught.value.scope) == ("not_accepted", "lane")
    assert 590 < (caught.value.retry_after or 0) <= WINDOW
    assert world.fake.requests == []


def test_refusals_of_those_who_answer_people_count_with_those_of_digests(world: World, tmp_path: Path) -> None:
    pacing = Pacing(world.fake.api_url)
    adapter = Discord("refused", State(tmp_path / "state"), world.fake.api_url, pacing=pacing)
    with pytest.raises(TokenRefused):
        asyncio.run(adapter.serve(Answers(lambda: KNOWN, lambda: TODAY)))
    assert pacing.invalid == world.fake.invalid_requests == 1
    world.fake.objections.clear()


def test_where_a_channel_is_limited_only_its_turn_waits(world: World) -> None:
    world.fake.limits.routes[MESSAGES] = (2, 0.6)
    other = world.room()

    async def many(publisher: DiscordPublisher) -> list[str]:
        done: list[str] = []

        async def one(place: str, part: int) -> None:
            await publisher.turn(place)
            await publisher.publish(world.post(place, part=1, of=f"{part}{place[-1]}{DELIVERY[2:]}"))
            done.append(place)

        for part in range(4):
            await one(world.place(), part)
        before = len(done)
        await asyncio.gather(one(world.place(), 5), one(world.place(other), 6))
        return done[before:]

    assert world.do(many)[0] == world.place(other)
    assert world.fake.calls(status=429) == []
    assert len(world.seen()) == 5


def test_turns_of_a_place_come_in_order_and_those_of_all_at_the_rate(world: World) -> None:
    async def many(publisher: DiscordPublisher) -> tuple[list[int], float]:
        order: list[int] = []

        async def one(number: int) -> None:
            await publisher.turn(world.place())
            order.append(number)

        began = time.monotonic()
        await asyncio.gather(*map(one, range(RATE // 2)))
        return order, time.monotonic() - began

    order, took = world.do(many)
    assert order == list(range(RATE // 2))
    assert took >= (RATE // 2 - 1) / RATE - 0.01


def test_many_due_at_once_break_no_limit(world: World) -> None:
    rooms = [world.room(guild=guild) for guild in [world.server() for _ in range(8)] for _ in range(9)]

    async def every(publisher: DiscordPublisher) -> None:
        async def one(number: int, room: str) -> None:
            guild = world.fake.channels[room].guild
            assert guild
            post = world.post(world.place(room, guild=guild.id), of=f"{number:08}ABCDEFGH")
            await publisher.turn(post.place)
            await publisher.finish(post, await publisher.publish(post))

        await asyncio.gather(*(one(number, room) for number, room in enumerate(rooms)))

    world.do(every)
    assert [len(world.seen(room)) for room in rooms] == [1] * len(rooms)
    assert world.fake.calls(status=429) == []


def test_what_somebody_waits_for_comes_before_messages_that_wait(world: World) -> None:
    async def scene() -> bool:
        pacing = Pacing(world.fake.api_url)
        waiting = [asyncio.create_task(pacing.message_turn()) for _ in range(RATE)]
        await asyncio.sleep(0)
        await pacing.turn()
        early = not all(task.done() for task in waiting[3:])
        for task in waiting:
            task.cancel()
        return early

    assert asyncio.run(scene())


def test_headroom_keeps_to_what_answers_told_and_forgets_the_oldest() -> None:
    now = [0.0]
    headroom = Headroom(lambda: now[0], most=2)
    left = {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "4.0"}
    headroom.told("a", left)
    assert headroom.wait("a") == 4.0
    now[0] = 1.0
    headroom.told("a", left | {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset-After": "3.0"})
    assert headroom.wait("a") == 3.0  # an answer that was overtaken
    headroom.hold("b", 60)
    headroom.told("c", {"X-RateLimit-Limit": "nonsense"})
    assert (headroom.wait("b"), headroom.wait("c")) == (60, 0)
    headroom.hold("c", 9)
    assert headroom.wait("a") == 0
    now[0] = 70.0
    assert headroom.wait("b") == 0


def due_everywhere(world: World, places: list[str]) -> list[DeliveryError | Receipt]:
    """Posts everywhere at once, as fast as its turns come, with all limits but that of refusals off."""
    world.fake.limits.of_routes = world.fake.limits.of_all = False

    async def everywhere(publisher: DiscordPublisher) -> list[DeliveryError | Receipt]:
        async def one(number: int, place: str) -> DeliveryError | Receipt:
            await asyncio.sleep(number / 800)
            try:
                return await publisher.publish(world.post(place, of=f"{number:08}ABCDEFGH"))
            except DeliveryError as error:
                return error

        return await asyncio.gather(*(one(number, place) for number, place in enumerate(places)))

    return world.do(everywhere)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the pacing of all requests not be waited for."""
    monkeypatch.setattr("bot.platforms.discord.pacing.RATE", 2_000)


def is_lost(result: DeliveryError | Receipt) -> bool:
    return isinstance(result, DeliveryError) and (result.outcome, result.scope) == ("permanent", "place")


def test_five_hundred_channels_of_servers_that_removed_the_bot_cost_no_refusals(world: World) -> None:
    places = []
    for number in range(500):
        guild = world.fake.add_guild(f"gone {number}", [world.anna], installed=False)
        places.append(world.place(world.fake.new_id(), guild=guild.id))
    results = due_everywhere(world, [*places, world.place()])
    assert all(map(is_lost, results[:-1]))
    assert isinstance(results[-1], Receipt)
    assert world.fake.invalid_requests == 0
    assert len(world.fake.calls(LISTED)) <= 2


@pytest.mark.parametrize("servers", [1, 50])
@pytest.mark.parametrize("rights", [0, USUAL & ~SEND])
def test_five_hundred_channels_closed_to_the_bot_cost_ten_refusals_at_most(
    world: World, hurried: None, servers: int, rights: int
) -> None:
    guilds = [world.server() for _ in range(servers)]
    rooms = [(world.room(guild=guilds[n % servers]), guilds[n % servers]) for n in range(500)]
    for room, _ in rooms:
        world.set_rights(rights, room)
    results = due_everywhere(world, [*(world.place(room, guild=guild) for room, guild in rooms), world.place()])
    assert all(map(is_lost, results[:-1]))
    assert isinstance(results[-1], Receipt)
    assert world.fake.invalid_requests <= 10


def test_slow_answers_make_no_more_refusals(world: World, hurried: None) -> None:
    rooms = [world.room() for _ in range(100)]
    for room in rooms:
        world.set_rights(VIEW, room)
    world.fake.fault(MESSAGES, "hang", seconds=0.4, times=100)
    assert all(map(is_lost, due_everywhere(world, [world.place(room) for room in rooms])))
    assert world.fake.invalid_requests <= 10


def test_five_hundred_deleted_channels_cost_no_refusals(world: World) -> None:
    results = due_everywhere(world, [world.place(world.fake.new_id()) for _ in range(500)])
    assert all(map(is_lost, results))
    assert world.fake.invalid_requests == 0


def test_a_server_that_removed_the_bot_today_is_found_out_by_its_first_refusal(world: World) -> None:
    other = world.server()
    rooms = [world.room(guild=other) for _ in range(20)]

    async def scene(publisher: DiscordPublisher) -> None:
        await publisher.publish(world.post())
        world.fake.guilds[other].installed = False
        world.ahead += AFTER_DOUBT + 1
        for room in rooms:
            with pytest.raises(DeliveryError, match=r"View Channel|invite it again"):
                await publisher.publish(world.post(world.place(room, guild=other)))

    world.do(scene)
    assert world.fake.invalid_requests == 1


def test_a_server_that_takes_the_bot_in_is_posted_to_soon(world: World) -> None:
    other = world.server()
    room = world.room(guild=other)
    world.fake.guilds[other].installed = False

    async def scene(publisher: DiscordPublisher) -> Receipt:
        with pytest.raises(DeliveryError, match="invite it again"):
            await publisher.publish(world.post(world.place(room, guild=other)))
        assert await publisher.reachable(world.place(room, guild=other)) is False
        world.fake.guilds[other].installed = True
        world.ahead += 11
        assert await publisher.reachable(world.place(room, guild=other)) is True
        return await publisher.publish(world.post(world.place(room, guild=other)))

    assert world.do(scene).message


@pytest.mark.parametrize(
    ("rights", "reachable"), [(USUAL, True), (USUAL & ~SEND, False), (0, False), (VIEW | SEND, True)]
)
def test_a_place_is_reachable_where_the_bot_may_write(world: World, rights: int, reachable: bool) -> None:
    world.set_rights(rights)
    assert world.reachable() is reachable


def test_a_deleted_channel_is_not_reachable_and_an_outage_tells_nothing(world: World) -> None:
    world.fake.fault("GET /guilds/{id}", "status")
    assert world.reachable() is None
    world.fake.do(world.fake.delete_channel(world.channel))
    assert world.reachable() is False


def test_rights_in_threads_are_those_of_their_channel(world: World) -> None:
    thread = world.fake.add_channel("thread", "talk", world.fake.guilds[world.guild], parent=world.channel)
    world.set_rights(USUAL & ~SEND)
    for place in (world.place(world.channel, thread.id), world.place(thread.id)):
        assert world.reachable(place) is True
    world.set_rights(USUAL & ~SEND_IN_THREADS)
    for place in (world.place(world.channel, thread.id), world.place(thread.id)):
        assert world.reachable(place) is False


def test_a_list_of_servers_that_cannot_be_had_stops_no_post(world: World) -> None:
    world.fake.fault(LISTED, "status", times=9)
    world.publish(world.post())
    assert len(world.seen()) == 1


def test_the_servers_of_a_large_bot_are_listed_in_pages(world: World) -> None:
    for number in range(250):
        world.fake.add_guild(f"many {number}", [world.anna])
    world.publish(world.post())
    assert len(world.fake.calls(LISTED)) == 2


def test_by_chance_everything_goes_wrong_and_every_digest_is_there_once(world: World, hurried: None) -> None:
    fake = world.fake
    fake.limits.of_routes = fake.limits.of_all = False
    fake.faults.randomly(7, lost=0.1, reset=0.1, error=0.1, limited=0.1, retry_after=0.01)
    rooms = [world.room(), world.room("forum"), world.room("announcement")]
    posts = [world.post(world.place(room), of=f"{n}{room[-7:]}ABCDEFGH") for n in "ABCDEFGHJK" for room in rooms]

    async def one(publisher: DiscordPublisher, post: Post) -> None:
        unclear, receipt = False, None
        while receipt is None:
            try:
                found = await publisher.find(post) if unclear else Absent()
                receipt = found.receipt if isinstance(found, Found) else await publisher.publish(post)
            except DeliveryError as error:
                assert error.outcome != "permanent"
                unclear = unclear or error.outcome == "ambiguous"
                await asyncio.sleep(error.retry_after or 0)

    async def every(publisher: DiscordPublisher) -> None:
        for post in posts:
            await one(publisher, post)

    world.do(every)
    assert {one.fault for one in fake.calls()} >= {"cut_after", "cut_before", "status", "status_after", "ratelimited"}
    assert [len(fake.messages(room)) for room in (rooms[0], rooms[2])] == [10, 10]
    assert len(fake.threads(rooms[1])) == 10


async def test_discord_gets_no_more_than_fifty_a_second_however_late_they_come_to_it(runner: asyncio.Runner) -> None:
    clock = HandClock()
    pacing = Pacing("https://discord.com/api/v10", clock.now)

    async def may_leave() -> bool:
        leaving = asyncio.ensure_future(pacing.leave())
        await asyncio.sleep(0)
        leaving.cancel()
        return leaving.done()

    for _ in range(MOST_A_SECOND):
        await pacing.leave()
    clock.seconds += 5.0
    assert not await may_leave(), "none of them was answered, so all may come to Discord only now"
    for _ in range(10):
        pacing.ended()
    clock.seconds += 0.999
    assert not await may_leave()
    clock.seconds += 0.001
    assert [await may_leave() for _ in range(11)] == [True] * 10 + [False]
