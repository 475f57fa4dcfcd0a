"""What is offered while the fields of a subscription are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer import Answers
from bot.store.values import Subscription
from bot.subscribing.fields import checked
from bot.subscribing.subscriptions import made, wanted_of
from knowledge import Knowledge
from tests.builders import airships, claim, company, curated, knowing
from tests.stored import NOW, PLACE

AIRSHIPS, CURATED = airships(), curated()
REST = {"place": PLACE, "schedule": "daily 09:00", "zone": "UTC"}


def offered(argument: str, typed: str, known: Knowledge = AIRSHIPS, most: int = 25) -> list[str]:
    """Returns the values that are offered."""
    found = Answers(lambda: known).suggest("subscribe", argument, typed, most)
    return [choice.command.removeprefix("/subscribe ") for choice in found]


def kept(argument: str, value: str, known: Knowledge = AIRSHIPS) -> Subscription:
    return made(checked(REST | {argument: value}, known), "A", "U1", NOW)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("shang", ["Asia/Shanghai"]),
        ("Beijing", ["Asia/Shanghai"]),
        ("Asia/Sh", ["Asia/Shanghai"]),
        ("new york", ["America/New_York"]),
        ("berlin", ["Europe/Berlin"]),
        ("europe/b", ["Europe/Belfast", "Europe/Belgrade", "Europe/Berlin", "Europe/Bratislava"]),
        ("", ["Asia/Shanghai", "Asia/Hong_Kong"]),
        ("atlantis", []),
        ("+8", ["Asia/Shanghai"]),  # Etc/GMT+8 is sixteen hours from it
        ("etc/gmt+8", ["Etc/GMT+8"]),
    ],
)
def test_a_zone_is_found_by_a_part_of_its_name_or_by_a_city_that_goes_by_it(typed: str, first: list[str]) -> None:
    zones = offered("zone", typed)
    assert zones[: len(first)] == first
    assert bool(zones) == bool(first)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("ze", "Zephyr Airships"),
        ("Nimbus, ze", "Nimbus, Zephyr Airships"),
        ("Nimbus，he", "Nimbus， Helium"),
        ("Nimbus, helium , ru", "Nimbus, helium , Safety rules"),
        ("theme:he", "Helium"),
        ("Nimbus, ", "Nimbus, Zephyr Airships"),
        ("", "Zephyr Airships"),
        ("rurit", "Ruritania"),
    ],
)
def test_the_last_topic_is_completed_and_what_stands_before_it_stays(typed: str, first: str) -> None:
    assert offered("topics", typed)[0] == first
    assert offered("except", typed)[0] == first


def test_a_name_that_means_something_else_alone_is_offered_so_that_it_means_what_it_says() -> None:
    known = knowing(claim(companies=["acme"], markets=["acme"]), companies=(company("acme", "Acme"),))
    assert offered("topics", "acm", known) == ["Acme", "market:acme"]


@pytest.mark.parametrize("known", [AIRSHIPS, CURATED], ids=["airships", "curated"])
def test_whatever_is_offered_as_a_topic_is_taken_as_that_topic(known: Knowledge) -> None:
    for letter in " abcdefghijklmnopqrstuvwxyz腾阿":
        for value in offered("topics", letter.strip(), known):
            assert (
                wanted_of(known, kept("topics", value, known)).include != wanted_of(known, kept("topics", "")).include
            )


@pytest.mark.parametrize("argument", ["zone", "schedule", "match", "layout", "nothing", "policy"])
@given(typed=st.text(max_size=20))
def test_whatever_is_offered_is_taken(argument: str, typed: str) -> None:
    for value in (*offered(argument, typed), *offered(argument, "")):
        assert kept(argument, value)


def test_a_schedule_is_explained_while_it_is_typed() -> None:
    found = Answers(lambda: AIRSHIPS).suggest("subscribe", "schedule", "daily 9am", 25)
    assert [(one.label, one.command) for one in found] == [("Every day at 09:00", "/subscribe daily 9am")]
    assert offered("schedule", "every 2") == ["every 2 hours"]
    assert "weekdays at 09:00" in offered("schedule", "")


def test_actions_on_subscriptions_are_offered() -> None:
    found = Answers(lambda: AIRSHIPS).suggest("subscriptions", "action", "p", 25)
    assert [one.command for one in found] == ["/subscriptions pause", "/subscriptions preview"]


def test_a_list_too_long_for_a_button_is_completed_no_further() -> None:
    assert offered("topics", f"{'words:x, ' * 12}ze") == []


@given(st.text(max_size=200), st.sampled_from(["topics", "except", "zone", "schedule", "save", "edit", "id", ""]))
def test_nothing_that_is_typed_breaks_what_is_offered(typed: str, argument: str) -> None:
    assert len(offered(argument, typed, most=5)) <= 5
