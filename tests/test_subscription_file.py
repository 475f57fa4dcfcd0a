"""Files of subscriptions: exported and imported, and declared."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.store import subscriptions
from bot.store.opening import Store
from bot.store.values import Plan, Subscription
from bot.subscribing import keeping
from bot.subscribing.declared import imported, reconcile, reconciled, take_in
from bot.subscribing.fields import checked
from bot.subscribing.file import Entry, InvalidSubscriptions, read, written
from bot.subscribing.keeping import DECLARED_PAUSED, UNDECLARED
from bot.subscribing.subscriptions import made
from tests.builders import airships, knowing
from tests.builders import claim as a_claim
from tests.stored import DAY, NOW
from tests.wishes import wishes

KNOWN = airships()
LATER = NOW + DAY
TEAM = """\
subscriptions:
  - id: team
    place: slack:T1/C1
    schedule: weekdays at 09:00
    zone: Europe/Berlin
    topics: [Zephyr, words:cold water]
"""
OTHER = """\
  - id: other
    place: discord:1/2
    schedule: mondays 08:00
    zone: UTC
"""


def entries(text: str, stored: Sequence[Subscription] = ()) -> tuple[Entry, ...]:
    return read(text.encode(), "team.yaml", KNOWN, stored)


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidSubscriptions) as raised:
        entries(text)
    return str(raised.value).splitlines()


def asked(id_: str = "7F3A2K", **fields: str) -> Subscription:
    needed = {"place": "slack:T1/C1", "schedule": "daily 09:00", "zone": "UTC"}
    return made(checked(needed | fields, KNOWN), id_, "U1", NOW)


def as_file(text: str, folder: Path) -> Path:
    path = folder / "team.yaml"
    path.write_text(text, encoding="utf-8")
    return path


async def kept(store: Store) -> dict[str, Subscription]:
    return {one.id: one for one in await subscriptions.everywhere(store)}


REASONS = st.text(st.characters(exclude_categories=("Cs", "Z")), max_size=30).filter(
    lambda text: " ".join(text.split()) == text
)


@given(st.lists(st.tuples(wishes(), st.booleans(), REASONS, st.timedeltas(timedelta(), timedelta(days=9_999)))))
def test_what_is_exported_is_imported_exactly(asked_for: list[tuple[dict[str, str], bool, str, timedelta]]) -> None:
    some = []
    for number, (fields, paused, reason, ago) in enumerate(asked_for):
        one = replace(made(checked(fields, KNOWN), f"{number}-a", f"U{number}", NOW), made_at=NOW - ago)
        why = f"by {reason}" if reason else "by U1"
        some.append(replace(one, state="paused", reason=why, next_fire=None) if paused else one)
    text = written(some)
    plan = imported(read(text.encode(), "a.yaml", KNOWN, ()), (), NOW)
    assert plan == Plan(tuple(some))
    assert written(plan.added) == text
    assert imported(read(text.encode(), "a.yaml", KNOWN, some), some, LATER) == Plan()


def test_an_export_reads_as_people_write() -> None:
    some = [asked(topics="Zephyr, words:a: b", title="早报 #1", holidays="CN", tags="新闻"), asked("8", most="5")]
    paused = replace(some[1], state="paused", reason="by U1")
    assert written([some[0], paused]) == (
        "subscriptions:\n\n"
        '  - id: "7F3A2K"\n    place: slack:T1/C1\n    schedule: daily 09:00\n    zone: UTC\n    title: "早报 #1"\n'
        '    topics: "Zephyr, words:a: b"\n    holidays: CN\n    tags: "新闻"\n    made_by: U1\n'
        '    made_at: "2033-06-15T09:00:00.123457+00:00"\n\n'
        '  - id: "8"\n    place: slack:T1/C1\n    schedule: daily 09:00\n    zone: UTC\n    title: All claims\n'
        "    most: 5\n    state: paused\n    reason: by U1\n    made_by: U1\n"
        '    made_at: "2033-06-15T09:00:00.123457+00:00"\n'
    )
    assert written([]) == "subscriptions: []\n"


@given(wishes())
def test_other_programs_read_an_export_alike(fields: dict[str, str]) -> None:
    one = made(checked(fields, KNOWN), "a", "U1", NOW)
    (theirs,) = yaml.safe_load(written([one]))["subscriptions"]
    assert (theirs["title"], theirs["schedule"]) == (one.title, one.schedule)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("zone: Europe/Berlin", "zone: Asia/Beijing", 'team.yaml:5: zone: there is no zone "Asia/Beijing"; did you mean Asia/'),
        ("    zone: Europe/Berlin\n", "", "team.yaml:2: zone: missing; add it"),
        ("zone: Europe/Berlin", "zone:", "team.yaml:5: zone: no value; give one or remove the line"),
        ("schedule:", "shedule:", 'team.yaml:4: shedule: unknown key; did you mean "schedule"?'),
        ("id: team", "id: te am", 'team.yaml:2: id: "te am" is no id; write up to 40 letters'),
        ("id: team", "id: " + "x" * 41, "is no id; write up to 40 letters"),
        ("slack:T1/C1", '"#general"', 'team.yaml:3: place: "#general" is no place; write such as'),
        ("weekdays at 09:00", "'* * * * *'", "team.yaml:4: schedule: "),
        ("Zephyr", "Zephyrr", "team.yaml:6: topics: \"Zephyrr\" is no company, theme or market that we know; did you mean"),
        ("topics: [Zephyr,", "topics: [{a: b},", "team.yaml:6: topics: not a text; write one value, or a list of texts"),
        ("topics: [Zephyr, words:cold water]", "state: removed", "write active or paused, or take the entry out to end it"),
        ("topics: [Zephyr, words:cold water]", "made_at: 2033-06-15T09:00:00", "is no instant; write such as 20"),
        ("topics: [Zephyr, words:cold water]", "made_at: yesterday", '"yesterday" is no instant'),
        ("topics: [Zephyr, words:cold water]", f"title: {'x' * 3001}", "over 3,000 characters; shorten it"),
        ("topics: [Zephyr, words:cold water]", "zone: UTC", "zone: this key stands already in line 5; keep one of the two"),
        ("  - id", "  - !!python/object:os.system {}\n  - id", "is not accepted; remove it"),
        ("subscriptions:", "subscription:", "begin it with subscriptions:"),
        (TEAM, "subscriptions: team", "team.yaml:1: subscriptions: not a list; begin each entry with -"),
        (TEAM, "subscriptions:\n  - team", "team.yaml:2: subscriptions: an entry that is no mapping; write key: value"),
        (TEAM, "", "team.yaml: the file is empty; write subscriptions: [] if there are to be none"),
        (TEAM, "- a", "begin it with subscriptions:"),
        (TEAM, "\x00", "team.yaml:"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_names_the_line_and_the_way_out(old: str, new: str, said: str) -> None:
    assert old in TEAM
    (line,) = [line for line in problems(TEAM.replace(old, new)) if "missing; add it" not in line or "missing" in said]
    assert said in line


def test_all_problems_of_all_entries_are_told_at_once() -> None:
    bad = TEAM.replace("Zephyr", "Nobody").replace("Europe/Berlin", "Mars") + OTHER.replace("mondays", "moonday")
    assert [line.split(":")[1:3] for line in problems(bad)] == [["5", " zone"], ["6", " topics"], ["9", " schedule"]]


def test_two_entries_have_two_ids_though_in_capitals() -> None:
    assert problems(TEAM + OTHER.replace("other", "TEAM")) == [
        'team.yaml:7: id: "TEAM" stands already in line 2; give each its own'
    ]


async def test_of_a_file_with_a_problem_nothing_is_taken_in(store: Store, tmp_path: Path) -> None:
    file = as_file(TEAM + OTHER.replace("UTC", "Mars"), tmp_path)
    for take in (reconcile, take_in):
        with pytest.raises(InvalidSubscriptions, match=r"team\.yaml:10: zone"):
            await take(store, KNOWN, file, NOW)
    with pytest.raises(InvalidSubscriptions, match=r"nowhere\.yaml: cannot be read: No such file"):
        await take_in(store, KNOWN, tmp_path / "nowhere.yaml", NOW)
    assert await kept(store) == {}


async def test_an_import_adds_what_is_new_edits_what_differs_and_leaves_the_rest(store: Store, tmp_path: Path) -> None:
    await take_in(store, KNOWN, as_file(TEAM + OTHER, tmp_path), NOW)
    before = await kept(store)
    await keeping.pause(store, before["other"], "U1", NOW)
    await subscriptions.add(store, asked("mine"))
    plan = await take_in(store, KNOWN, as_file(TEAM.replace("09:00", "10:00") + OTHER, tmp_path), LATER)
    assert plan.changed == {
        "team": {"schedule": "weekdays at 10:00", "next_fire": datetime(2033, 6, 17, 8, tzinfo=UTC)}
    }
    after = await kept(store)
    assert (plan.added, plan.paused, plan.resumed) == ((), {}, {})
    assert (after["team"].schedule, after["team"].made_at, after["other"].state) == ("weekdays at 10:00", NOW, "paused")
    assert set(after) == {"team", "other", "mine"}


async def test_an_import_brings_back_what_was_removed(store: Store, tmp_path: Path) -> None:
    file = as_file(TEAM, tmp_path)
    await take_in(store, KNOWN, file, NOW)
    await keeping.remove(store, (await kept(store))["team"], "U1", NOW)
    await take_in(store, KNOWN, file, LATER)
    back = (await kept(store))["team"]
    assert (back.state, back.reason, back.next_fire) == ("active", "", datetime(2033, 6, 17, 7, tzinfo=UTC))


async def test_a_declared_file_is_brought_in_step_at_each_start(store: Store, tmp_path: Path) -> None:
    await subscriptions.add(store, asked("mine"))
    mine = (await kept(store))["mine"]
    plan = await reconcile(store, KNOWN, as_file(TEAM + OTHER, tmp_path), NOW)
    assert [(one.id, one.declared) for one in plan.added] == [("team", "team"), ("other", "other")]
    assert await reconcile(store, KNOWN, as_file(TEAM + OTHER, tmp_path), LATER) == Plan()

    await reconcile(store, KNOWN, as_file(TEAM.replace("09:00", "10:00"), tmp_path), LATER)
    found = await kept(store)
    assert found["team"].schedule == "weekdays at 10:00"
    assert (found["other"].state, found["other"].reason) == ("paused", UNDECLARED)

    await reconcile(store, KNOWN, as_file(TEAM + OTHER, tmp_path), LATER)
    found = await kept(store)
    assert (found["other"].state, found["other"].next_fire) == ("active", datetime(2033, 6, 20, 8, tzinfo=UTC))
    assert found["mine"] == mine


async def test_a_pause_by_a_person_outlives_every_start(store: Store, tmp_path: Path) -> None:
    await reconcile(store, KNOWN, as_file(TEAM + OTHER, tmp_path), NOW)
    await keeping.pause(store, (await kept(store))["other"], "U1", NOW)
    for text in (TEAM + OTHER, TEAM, TEAM + OTHER):
        await reconcile(store, KNOWN, as_file(text, tmp_path), LATER)
        assert (await kept(store))["other"].reason == "by U1"


async def test_what_is_broken_and_left_the_file_does_not_resume_by_itself(store: Store, tmp_path: Path) -> None:
    await reconcile(store, KNOWN, as_file(TEAM + OTHER, tmp_path), NOW)
    await subscriptions.pause(store, "other", "the bot is not in the channel", NOW)
    await reconcile(store, KNOWN, as_file(TEAM + OTHER, tmp_path), NOW)
    assert (await kept(store))["other"].reason == "the bot is not in the channel"
    await reconcile(store, KNOWN, as_file(TEAM, tmp_path), LATER)
    assert (await kept(store))["other"].reason == UNDECLARED


async def test_a_declared_file_may_pause_and_let_go_on(store: Store, tmp_path: Path) -> None:
    paused = as_file(TEAM + "    state: paused\n", tmp_path)
    await reconcile(store, KNOWN, paused, NOW)
    one = (await kept(store))["team"]
    assert (one.state, one.reason, one.next_fire) == ("paused", DECLARED_PAUSED, None)
    assert await reconcile(store, KNOWN, paused, NOW) == Plan()
    await reconcile(store, KNOWN, as_file(TEAM, tmp_path), LATER)
    one = (await kept(store))["team"]
    assert (one.state, one.next_fire) == ("active", datetime(2033, 6, 17, 7, tzinfo=UTC))
    await reconcile(store, KNOWN, as_file(TEAM + "    state: paused\n", tmp_path), LATER)
    assert (await kept(store))["team"].reason == DECLARED_PAUSED


async def test_a_declared_file_takes_over_what_it_names_and_only_that(store: Store, tmp_path: Path) -> None:
    for id_ in ("7F3A2K", "8F3A2K"):
        await subscriptions.add(store, asked(id_))
    await reconcile(store, KNOWN, as_file(written([asked("7F3A2K", most="3")]), tmp_path), LATER)
    found = await kept(store)
    assert (found["7F3A2K"].declared, found["7F3A2K"].wanted["most"], found["7F3A2K"].made_by) == ("7F3A2K", 3, "U1")
    assert (found["8F3A2K"].declared, found["8F3A2K"].state) == (None, "active")


def test_a_name_that_left_the_knowledge_does_not_spoil_a_file_that_stands() -> None:
    later, text = knowing(a_claim()), TEAM + "    title: Airships\n"
    stored = [replace(made(one.terms, one.id, "", NOW), declared=one.id) for one in entries(text)]
    assert reconciled(read(text.encode(), "team.yaml", later, stored), stored, LATER) == Plan()
    with pytest.raises(InvalidSubscriptions, match="Zephyr"):
        read(text.encode(), "team.yaml", later, ())


async def test_two_that_start_at_once_bring_it_in_step_once(store: Store, tmp_path: Path) -> None:
    file = as_file(TEAM + OTHER, tmp_path)
    plans = await asyncio.gather(*(reconcile(store, KNOWN, file, NOW) for _ in range(4)))
    assert sorted(len(plan.added) for plan in plans) == [0, 0, 0, 2]
    assert set(await kept(store)) == {"team", "other"}


def test_what_was_made_later_than_now_was_made_now() -> None:
    (entry,) = entries(TEAM + '    made_at: "2099-01-01T00:00:00Z"\n')
    (one,) = imported([entry], (), NOW).added
    assert one.made_at == NOW
