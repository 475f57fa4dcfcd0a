"""`/subscribe`: what is asked for is shown, and saved only then."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.ports import Request
from bot.store import drafts, upkeep
from bot.store.opening import Store
from bot.subscribing.fields import FIELDS, fields_of
from bot.subscribing.rights import Rights
from tests.builders import airships
from tests.databases import Sqlite
from tests.desk_visitors import MANAGER, Visitors, button, labels, read
from tests.stored import PLACE
from tests.world import World, knowing_of

GOOD = '/subscribe weekdays at 09:00 zone:Europe/Berlin topics:"Zephyr, helium"'
EDITABLE = "/subscribe daily 09:00 zone:Europe/Berlin topics:Zephyr most:5 holidays:DE"


@pytest.fixture
def people(on_sqlite: Sqlite) -> Visitors:
    return Visitors(World(on_sqlite.ready(), airships()))


def drafted(people: Visitors) -> int:
    """Returns how many drafts are kept."""
    kept: dict[str, list[Any]] = people.world.told(lambda store: upkeep.export(store, "slack:T1"))
    return len(kept["draft"])


def test_what_would_be_saved_is_shown_with_its_next_three_runs_and_nothing_is_saved(people: Visitors) -> None:
    reply = people.ask(GOOD)
    shown = read(reply)
    assert reply.outcome == "answered"
    assert "Every weekday at 09:00, Europe/Berlin" in shown
    assert "Wed 15 Jun 2033, 09:00; Thu 16 Jun 2033, 09:00; Fri 17 Jun 2033, 09:00 (Europe/Berlin)" in shown
    assert "Claims on Zephyr Airships, or on Helium, at most 10." in shown
    assert "10 claims match now, the newest:" in shown  # the retracted one does not
    assert "Zephyr Airships carried 980 thousand passengers in 2030, the Audit Office found. [1]" in shown
    assert labels(reply) == ["Save", "Change"]
    assert (people.kept(), people.soon) == ([], 0)


def test_what_was_shown_is_what_is_saved(people: Visitors) -> None:
    one = people.subscribed(GOOD)
    assert people.kept() == [one]
    assert (one.place, one.made_by, one.made_at, one.state) == (PLACE, "U1", people.world.now(), "active")
    given = {"place": PLACE, "schedule": "weekdays at 09:00", "zone": "Europe/Berlin", "topics": "Zephyr, helium"}
    assert fields_of(one) == FIELDS | given | {"title": "Zephyr Airships, Helium"}
    assert people.soon == 1


def test_a_second_click_on_save_says_that_it_is_saved_and_saves_nothing(people: Visitors) -> None:
    offer = people.ask(GOOD)
    first = people.click(offer, "Save")
    kept = people.kept()
    assert read(people.click(offer, "Save")) == read(first)
    assert people.kept() == kept
    assert "Saved: Zephyr Airships, Helium" in read(first)
    assert "The first digest is due on Wed 15 Jun 2033, 09:00 (Europe/Berlin)" in read(first)
    assert labels(first)[:4] == ["Post one now", "Change", "Preview", "Subscriptions here"]


def test_a_save_after_it_was_removed_does_not_bring_it_back(people: Visitors) -> None:
    offer = people.ask(GOOD)
    people.click(offer, "Save")
    people.ask(f"/subscriptions remove {people.kept()[0].id} sure:yes")
    assert people.click(offer, "Save").outcome == "unknown"
    assert people.kept() == []


@pytest.mark.parametrize(
    "who",
    [
        {"user": "U2"},
        {"place": "slack:T2/C1", "anywhere": True},
        {"place": "slack:T1/C2"},
        {"user": "", "anywhere": True},
    ],
    ids=["another person", "another workspace", "another channel", "nobody"],
)
def test_only_who_asked_saves_what_was_shown(people: Visitors, who: dict[str, Any]) -> None:
    reply = people.click(people.ask(GOOD), "Save", **who)
    assert reply.outcome == "unknown"
    assert "Zephyr" not in read(reply)
    assert people.kept() == []


def test_who_may_no_longer_manage_the_place_saves_nothing(people: Visitors) -> None:
    offer = people.ask(GOOD)
    assert people.click(offer, "Save", manages=False).outcome == "misused"
    assert people.kept() == []


@pytest.mark.parametrize(
    ("rights", "who", "may"),
    [
        (Rights(), {"manages": False}, False),
        (Rights(), {"manages": False, "anywhere": True}, True),
        (Rights(frozenset({"slack:T1/@U2"})), {"manages": True, "anywhere": True}, False),
        (Rights(frozenset({"slack:T1/@U1"})), {"manages": False}, True),
        (Rights(frozenset({"slack:T2/@U1"})), {"manages": True}, False),
    ],
    ids=["nobody's manager", "an admin", "not on the list", "on the list", "on another workspace's"],
)
def test_only_who_manages_the_place_or_is_on_the_list_subscribes_it(
    people: Visitors, rights: Rights, who: dict[str, Any], *, may: bool
) -> None:
    people.rights = rights
    assert (people.ask(GOOD, **who).outcome == "answered") is may
    assert bool(people.form(**who)) is may
    assert bool(drafted(people)) is may


def test_all_problems_are_told_at_once_beside_their_fields_and_nothing_is_kept(people: Visitors) -> None:
    fields = {"schedule": "every full moon", "zone": "Asia/Beijing", "topics": "Zefyr", "most": "99", "layout": "round"}
    reply = people.submit(fields)
    assert reply.outcome == "misused"
    assert list(reply.problems) == ["schedule", "zone", "topics", "most", "layout"]
    assert reply.problems["zone"] == 'there is no zone "Asia/Beijing"; did you mean Asia/Shanghai?'
    assert "did you mean Zephyr Airships?" in reply.problems["topics"]
    for name, problem in reply.problems.items():
        assert f"{name}: {problem}" in read(reply)
        assert fields[name] in problem
    assert (people.kept(), drafted(people)) == ([], 0)


@pytest.mark.parametrize(
    ("place", "who", "problem"),
    [
        ("slack:T2/C1", {"anywhere": True}, "lies in another workspace"),
        ("discord:1/2", {"anywhere": True}, "lies in another workspace"),
        ("slack:T1/C2", {}, "is for people who manage the whole workspace"),
        ("the pub", {"anywhere": True}, "is no place"),
    ],
    ids=["another workspace", "another platform", "another channel", "no place"],
)
def test_nobody_subscribes_a_place_that_is_not_theirs(
    people: Visitors, place: str, who: dict[str, Any], problem: str
) -> None:
    reply = people.submit({"schedule": "daily 09:00", "zone": "UTC", "place": place}, **who)
    assert reply.outcome == "misused"
    assert problem in reply.problems["place"]
    assert place in reply.problems["place"]


def test_who_manages_the_workspace_subscribes_another_channel_and_a_thread_is_its_channel(people: Visitors) -> None:
    assert people.subscribed(f"{GOOD} place:slack:T1/C2", anywhere=True).place == "slack:T1/C2"
    assert people.subscribed(GOOD, place=f"{PLACE}/1.5").place == f"{PLACE}/1.5"


def test_without_fields_it_says_how(people: Visitors) -> None:
    reply = people.ask("/subscribe")
    assert reply.outcome == "misused"
    example = "/subscribe weekdays at 09:00 zone:Europe/Berlin topics:"
    assert example in read(reply)
    line = example + read(reply).split(example)[1].split('".')[0] + '"'
    assert people.ask(line).outcome == "answered"


def test_a_form_opens_with_what_is_usual(people: Visitors) -> None:
    assert people.form() == {name: text for name, text in FIELDS.items() if name != "place"}


@settings(max_examples=60)
@given(fields=st.dictionaries(st.sampled_from([*FIELDS, "edit", "save", "odd"]), st.text(max_size=40), max_size=6))
def test_whatever_is_typed_into_a_form_is_answered_and_nothing_is_saved(
    people: Visitors, fields: dict[str, str]
) -> None:
    reply = people.submit(fields)
    assert reply.outcome in ("answered", "misused", "unknown")
    assert people.kept() == []


# Editing


def test_an_edit_shows_what_changes_and_saves_that_alone(people: Visitors) -> None:
    one = people.subscribed(EDITABLE)
    offer = people.ask(f"/subscribe mondays 08:30 edit:{one.id.lower()} most:3")
    assert "schedule: daily 09:00 → mondays 08:30" in read(offer)
    assert "most: 5 → 3" in read(offer)
    assert "Mon 20 Jun 2033, 08:30; Mon 27 Jun 2033, 08:30; Mon 4 Jul 2033, 08:30 (Europe/Berlin)" in read(offer)
    assert people.kept() == [one]
    saved = people.click(offer, "Save")
    assert "The next digest is due on Mon 20 Jun 2033, 08:30 (Europe/Berlin)." in read(saved)
    (after,) = people.kept()
    assert fields_of(after) == fields_of(one) | {"schedule": "mondays 08:30", "most": "3"}


def test_two_edits_made_at_once_both_hold(people: Visitors) -> None:
    one = people.subscribed(EDITABLE)
    form = dict(people.form(one.id))
    first, second = people.submit(form | {"most": "3"}), people.submit(form | {"layout": "headlines"})
    people.click(first, "Save")
    people.click(second, "Save")
    (after,) = people.kept()
    assert fields_of(after) == fields_of(one) | {"most": "3", "layout": "headlines"}


def test_a_second_click_on_save_does_not_undo_a_later_edit(people: Visitors) -> None:
    one = people.subscribed(EDITABLE)
    first = people.ask(f"/subscribe edit:{one.id} most:3")
    people.click(first, "Save")
    people.click(people.ask(f"/subscribe edit:{one.id} most:7"), "Save")
    people.click(first, "Save")
    assert people.kept()[0].wanted["most"] == 7


def test_a_field_is_emptied_by_an_empty_field_of_a_form_and_by_a_dash_in_a_line(people: Visitors) -> None:
    one = people.subscribed(f"{EDITABLE} except:tourism")
    form = dict(people.form(one.id))
    people.click(people.submit(form | {"holidays": ""}), "Save")
    people.click(people.ask(f"/subscribe edit:{one.id} except:- topics:-"), "Save")
    (after,) = people.kept()
    assert fields_of(after) == fields_of(one) | {"holidays": "", "except": "", "topics": "", "title": "All claims"}


def test_an_edit_that_changes_nothing_is_told_so(people: Visitors) -> None:
    one = people.subscribed(EDITABLE)
    assert "Nothing would change" in read(people.ask(f"/subscribe edit:{one.id} most:5"))
    assert "Nothing would change" in read(people.submit(people.form(one.id)))
    assert "What is to change?" in read(people.ask(f"/subscribe edit:{one.id}"))


def test_what_was_shown_can_be_changed_before_it_is_saved(people: Visitors) -> None:
    offer = people.ask(GOOD)
    key = button(offer, "Change").command.removeprefix("/subscribe edit:")
    form = dict(people.form(key))
    assert (form["schedule"], form["topics"], form["edit"]) == ("weekdays at 09:00", "Zephyr, helium", key)
    people.click(people.submit(form | {"topics": "helium"}), "Save")
    (one,) = people.kept()
    assert (one.title, one.schedule) == ("Helium", "weekdays at 09:00")


def test_an_edit_that_was_shown_can_be_changed_back_before_it_is_saved(people: Visitors) -> None:
    one = people.subscribed(EDITABLE)
    offer = people.ask(f"/subscribe edit:{one.id} most:3 layout:headlines")
    form = dict(people.form(button(offer, "Change").command.removeprefix("/subscribe edit:")))
    again = people.submit(form | {"most": "5"})
    assert "most:" not in read(again)
    people.click(again, "Save")
    assert fields_of(people.kept()[0]) == fields_of(one) | {"layout": "headlines"}


def test_who_manages_the_workspace_moves_it_to_another_channel(people: Visitors) -> None:
    one = people.subscribed(EDITABLE)
    refused = people.ask(f"/subscribe edit:{one.id} place:slack:T1/C2")
    assert "place" in refused.problems
    people.click(people.ask(f"/subscribe edit:{one.id} place:slack:T1/C2", anywhere=True), "Save", anywhere=True)
    assert people.kept()[0].place == "slack:T1/C2"


def test_the_zone_of_an_edit_counts_from_now(people: Visitors) -> None:
    one = people.subscribed(EDITABLE)
    people.click(people.ask(f"/subscribe edit:{one.id} zone:Asia/Shanghai"), "Save")
    (after,) = people.kept()
    assert one.next_fire
    assert after.next_fire == one.next_fire + timedelta(hours=18)  # 09:00 in China is 01:00 UTC, and was today


# What happens meanwhile


def test_a_draft_is_kept_for_a_day(people: Visitors) -> None:
    offer = people.ask(GOOD)
    people.world.offset += drafts.KEPT + timedelta(seconds=1)
    people.world.told(lambda store: upkeep.housekeeping(store, people.world.now()))
    reply = people.click(offer, "Save")
    assert reply.outcome == "unknown"
    assert "Nothing to save" in read(reply)


def test_a_name_that_has_left_the_files_meanwhile_is_told_and_nothing_is_saved(people: Visitors) -> None:
    offer = people.ask(GOOD)
    people.world.knowledge = knowing_of("a")
    reply = people.click(offer, "Save")
    assert reply.outcome == "misused"
    assert '"Zephyr"' in reply.problems["topics"]
    assert people.kept() == []


def test_where_the_database_is_away_that_is_said_and_look_ups_are_answered(people: Visitors) -> None:
    one = people.subscribed(GOOD)

    async def ask(store: Store) -> None:
        core = people.core(store)
        people.world.seams.trouble = lambda _: "SQLITE_CANTOPEN"
        for line in (GOOD, "/subscriptions", f"/subscriptions pause {one.id}", "/why 7F3A2K9Q"):
            reply = await core.answer_line(line, **MANAGER)
            assert reply.outcome == "failed"
            assert "The database of the digests cannot be used at the moment" in read(reply)
        assert (await core.answer_line("/company zephyr", **MANAGER)).outcome == "answered"
        assert await core.filled(Request("subscribe", {"edit": one.id}, **MANAGER)) == {}
        people.world.seams.trouble = lambda _: ""

    people.world.told(ask)
