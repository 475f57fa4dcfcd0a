"""`/subscriptions`: the live truth of a place, and what people do with it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from bot.answer import Answers
from bot.publishing import DeliveryError
from bot.store import subscriptions
from bot.store.opening import Store
from bot.store.values import Changes, Subscription
from bot.subscribing.keeping import ONCE, post_now
from briefings.document import statements
from knowledge import Claim, Knowledge
from tests.builders import airships
from tests.databases import Sqlite
from tests.desk_visitors import Visitors, button, labels, read
from tests.stored import PLACE, subscription
from tests.world import START, World, shown_to

DAY = timedelta(days=1)
LINE = "/subscribe daily 09:00 zone:Europe/Berlin topics:Zephyr title:Ships"
OTHERS = ("slack:T1/C2", "slack:T10/C1", "slack:T2/C1", "slack:T/C1", "discord:1/2", "terminal:local/here")


@pytest.fixture
def people(on_sqlite: Sqlite) -> Visitors:
    return visitors(on_sqlite, airships())


def visitors(on_sqlite: Sqlite, known: Knowledge) -> Visitors:
    world = World(on_sqlite.ready(), known)
    world.longest_wait = timedelta(hours=1)
    world.subscribe()
    return Visitors(world)


def rows(people: Visitors) -> object:
    """Returns all that is kept."""
    return people.kept(), people.world.works()


def test_a_place_without_subscriptions_offers_to_make_one(people: Visitors) -> None:
    reply = people.ask("/subscriptions")
    assert (reply.outcome, labels(reply)) == ("answered", ["Subscribe"])
    assert "No subscription here." in read(reply)
    assert labels(people.ask("/subscriptions", manages=False)) == []


def test_all_that_is_true_of_a_subscription_is_told(people: Visitors) -> None:
    one = people.subscribed(f"{LINE} except:tourism holidays:DE nothing:say catch_up:2d layout:headlines")
    shown = read(people.ask("/subscriptions"))
    for line in (
        f"Ships · {one.id}",
        "State: active",
        "When: Every day at 09:00, Europe/Berlin",
        "Next: Wed 15 Jun 2033, 09:00; Thu 16 Jun 2033, 09:00; Fri 17 Jun 2033, 09:00 (Europe/Berlin)",
        "What: Claims on Zephyr Airships, but not on Sky tourism, at most 10.",
        "How: headlines, with details on demand; when nothing is new, a line that says so; at most 2d late; "
        "not on holidays of DE.",
        "Made by slack:T1/@U1 on Wed 15 Jun 2033, 08:00.",
    ):
        assert line in shown.splitlines()
    assert labels(people.ask("/subscriptions")) == ["Change", "Pause", "Post one now", "Preview", "Remove", "Subscribe"]


def test_the_last_run_is_told_with_what_came_of_it(people: Visitors) -> None:
    people.subscribed(LINE)
    people.world.live(hours=3)
    (work,) = people.world.works()
    told = f"Last: Wed 15 Jun 2033, 09:00, skipped: nothing is new · /why {work.slot.id[:8]}"
    assert told in read(people.ask("/subscriptions")).splitlines()


def test_why_nothing_is_posted_though_it_is_active_is_told(people: Visitors) -> None:
    people.subscribed(f"{LINE} nothing:say")
    people.world.platform.faults.down = DeliveryError("permanent", "lane", "Slack refuses the token")
    people.world.live(hours=1.1)
    told = "State: active, but nothing is posted now: Slack refuses the token"
    assert told in read(people.ask("/subscriptions")).splitlines()


def test_everybody_in_a_channel_sees_its_subscriptions_and_changes_none(people: Visitors) -> None:
    one = people.subscribed(LINE)
    before = rows(people)
    reply = people.ask("/subscriptions", manages=False, user="U9")
    assert "Ships" in read(reply)
    assert labels(reply) == ["Preview"]
    assert people.ask(f"/subscriptions show {one.id}", manages=False).outcome == "answered"
    assert people.ask(f"/subscriptions preview {one.id}", manages=False).outcome == "answered"
    for action in ("pause", "resume", "remove", "now"):
        reply = people.ask(f"/subscriptions {action} {one.id}", manages=False)
        assert (reply.outcome, reply.document.title) == ("misused", "Not yours to manage")
    assert rows(people) == before


def test_a_channel_shows_its_own_and_its_threads_and_managers_of_the_workspace_see_all(people: Visitors) -> None:
    people.subscribed(LINE)
    people.subscribed(LINE.replace("Ships", "Thread"), place=f"{PLACE}/7.5")
    people.subscribed(LINE.replace("Ships", "Elsewhere"), place="slack:T1/C2")
    people.subscribed(LINE.replace("Ships", "Foreign"), place="slack:T2/C1")
    here = read(people.ask("/subscriptions"))
    assert [name in here for name in ("Ships", "Thread", "Elsewhere", "Foreign")] == [True, True, False, False]
    assert people.ask("/subscriptions all").outcome == "misused"
    admin = people.ask("/subscriptions", anywhere=True)
    assert "Elsewhere" not in read(admin)
    whole = read(people.click(admin, "All channels", anywhere=True))
    assert [name in whole for name in ("Ships", "Thread", "Elsewhere", "Foreign")] == [True, True, True, False]
    assert "Where: slack:T1/C2" in whole


@pytest.mark.parametrize("place", OTHERS)
def test_what_belongs_to_others_is_unknown_to_whoever_knows_its_id(people: Visitors, place: str) -> None:
    one = people.subscribed(LINE)
    people.ask(f"/subscriptions now {one.id}")
    people.world.live(minutes=1)
    (work,) = people.world.works()
    before = rows(people)
    anywhere = not place.startswith("slack:T1/")
    who = {"place": place, "anywhere": anywhere}
    actions = ("show", "pause", "resume", "remove", "preview", "now")
    lines = [f"/subscriptions {action} {one.id} sure:yes" for action in actions]
    lines += [f"/subscribe edit:{one.id} most:1", f"/subscribe save:{one.id}"]
    lines += [f"/why {work.slot.id}"] if anywhere else []  # in its workspace, who has the id was shown the digest
    for line in lines:
        reply = people.ask(line, **who)
        assert reply.outcome == "unknown", line
        assert "Ships" not in read(reply)
    assert people.form(one.id, **who) == {}
    assert "Ships" not in read(people.ask("/subscriptions", **who))
    assert rows(people) == before


def test_why_something_is_paused_is_told_with_the_way_out(people: Visitors) -> None:
    one = people.subscribed(LINE)
    reason = (
        f"{'there is no such channel, or it is private and the bot is not in it; ' * 2}invite it there with /invite"
    )
    people.world.told(lambda store: subscriptions.pause(store, one.id, f"unreachable: {reason}", people.world.now()))
    assert f"State: paused, {reason}" in read(people.ask("/subscriptions")).replace("\n", " ")


def test_a_pause_ends_with_a_resume_and_what_was_missed_is_not_made_up_for(people: Visitors) -> None:
    one = people.subscribed(LINE)
    paused = people.ask(f"/subscriptions pause {one.id}", user="U2")
    assert "Paused: Ships" in read(paused)
    people.world.live(hours=30)
    shown = read(people.ask("/subscriptions"))
    assert "State: paused by slack:T1/@U2" in shown
    assert "Next: none while it is paused" in shown
    resumed = people.click(paused, "Resume")
    assert "The next digest is due on Fri 17 Jun 2033, 09:00 (Europe/Berlin)." in read(resumed)
    assert people.world.works() == []
    assert "Not paused: Ships" in read(people.click(paused, "Resume"))


def test_removing_asks_once(people: Visitors) -> None:
    one = people.subscribed(LINE)
    asked = people.ask(f"/subscriptions remove {one.id}")
    assert people.kept() == [one]
    assert "Remove Ships?" in read(asked)
    assert labels(asked) == ["Remove it", "Pause"]
    assert "Removed: Ships" in read(people.click(asked, "Remove it"))
    assert people.kept() == []
    assert people.click(asked, "Remove it").outcome == "unknown"


def test_what_a_file_declares_is_paused_here_and_changed_there(people: Visitors) -> None:
    one = people.subscribed(LINE)
    people.world.told(lambda store: subscriptions.change(store, one.id, START, **Changes(declared="ships")))
    assert labels(people.ask(f"/subscriptions {one.id}")) == ["Pause", "Post one now", "Preview", "Subscriptions here"]
    for line in (f"/subscriptions remove {one.id} sure:yes", f"/subscribe edit:{one.id} most:1"):
        reply = people.ask(line)
        assert (reply.outcome, reply.document.title) == ("misused", "Declared elsewhere")
    assert people.form(one.id) == {}
    assert people.ask(f"/subscriptions pause {one.id}").outcome == "answered"
    assert [one.state for one in people.kept()] == ["paused"]


def test_a_zone_that_has_left_the_zone_database_is_told_with_the_way_out(people: Visitors) -> None:
    lost = subscription(zone="Mars/Olympus", state="paused", reason="x", next_fire=None, made_at=START)
    people.world.subscribe(lost)
    assert 'there is no zone "Mars/Olympus"' in read(people.ask("/subscriptions"))
    reply = people.ask(f"/subscriptions resume {lost.id}")
    assert reply.outcome == "misused"
    assert f"/subscribe zone:Europe/Berlin edit:{lost.id}" in read(reply)
    people.click(people.ask(f"/subscribe zone:Europe/Berlin edit:{lost.id}"), "Save")
    assert "Resumed" in read(people.ask(f"/subscriptions resume {lost.id}"))


@pytest.mark.parametrize(
    ("line", "title", "told"),
    [
        ("/subscriptions puase 7F3A2K", "What is to be done?", "did you mean pause?"),
        ("/subscriptions dance 7F3A2K", "What is to be done?", "Write one of here, all, show, pause"),
        ("/subscriptions pause", "Which one?", "/subscriptions pause 7F3A2K"),
        ("/subscriptions show 7F3A2K", "No such subscription", "“7F3A2K”"),
        ("/subscriptions pause 7F3A2K", "No such subscription", "/subscriptions shows those that there are"),
        ("/subscribe edit:7F3A2K most:3", "No such subscription", "“7F3A2K”"),
        ("/subscribe save:7F3A2K", "Nothing to save", "Ask once more"),
        ("/why", "Which digest?", "/why 7F3A2K9Q"),
        ("/why 7F3A2K9Q", "No such digest", "“7F3A2K9Q”"),
        ("/why %", "No such digest", "“%”"),
        ("/why ~~~~~~~~", "No such digest", "“~~~~~~~~”"),
    ],
)
def test_what_cannot_be_done_is_told_with_the_value_and_the_way_out(
    people: Visitors, line: str, title: str, told: str
) -> None:
    people.subscribed(LINE)
    reply = people.ask(line)
    assert reply.outcome != "answered"
    assert reply.document.title == title
    assert told in read(reply)
    assert "Ships" in read(people.click(reply, "Subscriptions here"))


def test_what_can_be_done_after_a_pause_or_a_resume_fits_a_row_of_buttons(people: Visitors) -> None:
    one = people.subscribed(LINE)
    for action in ("pause", "resume"):
        assert len(labels(people.ask(f"/subscriptions {action} {one.id}"))) <= 5


@pytest.mark.parametrize("line", ["/subscribe daily 09:00", "/subscriptions", "/why 7F3A2K9Q"])
def test_without_a_store_it_is_said_where_the_command_works(line: str) -> None:
    reply = asyncio.run(Answers(airships).answer_line(line))
    assert reply.outcome == "misused"
    assert "at the prompt of “briefbot run”" in read(reply)


# Previews, and digests that are asked for


def test_a_digest_that_is_asked_for_is_posted_once_however_often_it_is_clicked(people: Visitors) -> None:
    one = people.subscribed(LINE)
    for _ in range(3):
        assert people.ask(f"/subscriptions now {one.id}").outcome == "answered"
        people.world.live(seconds=5)
    [text] = shown_to(people.world.platform, PLACE)
    assert "From the archive" in text
    assert people.kept() == [one]
    people.world.live(seconds=ONCE.total_seconds())
    people.ask(f"/subscriptions now {one.id}")
    people.world.live(seconds=5)
    assert "Nothing new since 15 Jun 2033." in shown_to(people.world.platform, PLACE)[1]


async def test_two_who_ask_for_a_digest_at_the_same_moment_get_one(store: Store) -> None:
    one = subscription()
    await subscriptions.add(store, one)
    for moment in (START, START + DAY):
        assert sorted(await asyncio.gather(*(post_now(store, one, moment) for _ in range(5)))) == [False] * 4 + [True]
    assert not await post_now(store, one, START + DAY + ONCE - timedelta(seconds=1))
    assert await post_now(store, one, START + DAY + ONCE)


def test_a_digest_that_is_asked_for_goes_to_who_subscribed_and_leaves_the_schedule(people: Visitors) -> None:
    one = people.subscribed(f"{LINE} nothing:archive most:2")
    people.ask(f"/subscriptions now {one.id}", user="U2")
    people.world.live(hours=3)
    assert [at.hour for at, _ in people.world.platform.messages[PLACE]] == [6, 7]
    first, second = shown_to(people.world.platform, PLACE)
    assert first != second


def test_nothing_is_posted_now_of_what_is_paused(people: Visitors) -> None:
    one = people.subscribed(LINE)
    people.ask(f"/subscriptions pause {one.id}")
    reply = people.ask(f"/subscriptions now {one.id}")
    assert "Nothing is posted while it is paused" in read(reply)
    assert people.world.works() == []


def test_a_preview_records_nothing_and_is_what_is_posted_next_if_it_is_asked_for(people: Visitors) -> None:
    one = people.subscribed(LINE)
    before = rows(people)
    preview = people.ask(f"/subscriptions preview {one.id}")
    assert "A preview: this would be posted now. Nothing is." in read(preview)
    assert rows(people) == before
    people.ask(f"/subscriptions now {one.id}")
    people.world.live(seconds=5)
    posted = [said for _, post in people.world.platform.messages[PLACE] for said in statements(*post.page.blocks)]
    assert [said.claim for said in statements(*preview.document.blocks)] == [said.claim for said in posted]
    assert posted


# Why


def why(people: Visitors, **who: Any) -> str:
    """Returns what is told of the one slot that there is."""
    (work,) = people.world.works()
    return read(people.ask(f"/why {work.slot.id[:8]}", **who))


def with_claims(known: Knowledge, *claims: Claim) -> Knowledge:
    """Returns a knowledge with other claims."""
    return Knowledge(known.companies.values(), known.themes.values(), known.sources.values(), claims)


def test_why_tells_what_was_in_and_what_was_out_and_why(on_sqlite: Sqlite) -> None:
    known = airships()
    people = visitors(on_sqlite, with_claims(known))
    people.subscribed(f"{LINE} except:safety most:3")
    people.world.live(minutes=1)
    people.world.knowledge = known
    people.world.live(hours=3)
    told = why(people, user="U9", manages=False)
    assert "Why: Ships" in told
    assert "A digest, due on Wed 15 Jun 2033, 09:00 (Europe/Berlin)." in told
    assert "It was posted on Wed 15 Jun 2033, 09:00." in told
    for heading in (
        "In, as new (3)",
        "Left for a later digest: more than 3 matched (5)",
        "Out: excluded by theme:safety (1)",
        "Out: retracted on 2032-05-01 (1)",
        "Out: the filter does not include it (1)",
    ):
        assert heading in told.splitlines()
    assert "Helium was scarce" in told.split("the filter does not include it")[1]


def test_why_tells_that_it_was_skipped_and_why(people: Visitors) -> None:
    people.subscribed(LINE)
    people.world.live(hours=3)
    told = why(people)
    assert "It was skipped: nothing is new." in told
    assert "Nothing was considered for it, or what was is not kept." in told


def test_why_tells_how_late_it_was(people: Visitors) -> None:
    people.subscribed(f"{LINE} nothing:archive")
    people.world.offset += timedelta(hours=4)
    people.world.live(minutes=5)
    told = why(people)
    assert "due on Wed 15 Jun 2033, 09:00" in told
    assert "It was posted on Wed 15 Jun 2033, 12:00." in told
    assert "This digest is 3 hours late." in told


def test_why_tells_of_what_was_paused_and_of_what_has_left_the_files(people: Visitors) -> None:
    one = people.subscribed(f"{LINE} nothing:archive most:1")
    people.world.live(hours=2)
    people.world.knowledge = with_claims(people.world.knowledge)
    people.ask(f"/subscriptions remove {one.id} sure:yes")
    told = why(people)
    assert "In, as never shown here (1)" in told
    assert "which is no longer in the files" in told
    assert "Why: Ships" in told


def test_why_takes_the_id_as_people_type_it(people: Visitors) -> None:
    people.subscribed(f"{LINE} nothing:archive")
    people.world.live(hours=3)
    (work,) = people.world.works()
    whole = work.slot.id
    told = read(people.ask(f"/why {whole}"))
    for typed in (whole[:8], whole.lower(), f" {whole[:8].lower()} ", whole.replace("0", "o").replace("1", "l")):
        assert read(people.ask(f"/why {typed}")) == told
    assert people.ask(f"/why {whole[:7]}").outcome == "unknown"


def test_a_subscription_that_nobody_made_in_chat_is_told_of(people: Visitors) -> None:
    one: Subscription = replace(subscription(made_by="", made_at=START), declared="ships")
    people.world.subscribe(one)
    assert "Made on Wed 15 Jun 2033, 08:00, declared in a file of the operator's." in read(people.ask("/subscriptions"))
    assert button(people.ask("/subscriptions"), "Pause")
