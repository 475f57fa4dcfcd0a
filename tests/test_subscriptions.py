"""What a subscription is asked for: one grammar for all doors."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.ids import alike, id_from
from bot.places import InvalidPlace, home_of, lane_of, person_of, place_of
from bot.store.values import Subscription
from bot.subscribing.fields import FIELDS, InvalidFields, Terms, checked, edited, fields_of
from bot.subscribing.holidays_of import holiday_on
from bot.subscribing.subscriptions import edits, made, next_fire, wanted_of
from briefings.wanted import Topics, Wanted, explained
from knowledge import Knowledge, load
from tests.builders import CURATED, airships, company, edition, knowing
from tests.builders import claim as a_claim
from tests.wishes import wishes

KNOWN = airships()
NOW = datetime(2033, 6, 15, 9, 0, 0, 123_457, tzinfo=UTC)
NEEDED = {"place": "slack:T1/C1", "schedule": "daily 09:00", "zone": "Europe/Berlin"}


def terms(known: Knowledge = KNOWN, **fields: str) -> Terms:
    return checked(NEEDED | {name.rstrip("_"): text for name, text in fields.items()}, known)


def asked(known: Knowledge = KNOWN, **fields: str) -> Subscription:
    return made(terms(known, **fields), "7F3A2K", "U1", NOW)


def problems(known: Knowledge = KNOWN, **fields: str) -> dict[str, str]:
    with pytest.raises(InvalidFields) as raised:
        terms(known, **fields)
    return dict(raised.value.problems)


def test_what_is_not_given_is_as_usual() -> None:
    made_ = asked()
    assert (made_.layout, made_.catch_up, made_.holidays, made_.policy) == ("full", 6 * 3600, "", "at_most_once")
    assert (made_.state, made_.title, made_.next_fire) == ("active", "All claims", datetime(2033, 6, 16, 7, tzinfo=UTC))
    assert wanted_of(KNOWN, made_) == Wanted(most=10)
    assert asked(title="  ", topics="", most=" ") == made_


@pytest.mark.parametrize(
    ("typed", "topics", "why"),
    [
        ("Zephyr, Nimbus Lines", Topics(("zephyr", "nimbus")), "companies by any of their names"),
        ("ZPH、0042.RX，Albatross", Topics(("zephyr", "nimbus")), "tickers and products; each is there once"),
        ("sightseeing; helium", Topics(themes=("tourism", "helium")), "themes by an alias"),
        ("graustark", Topics(markets=("graustark",)), "a market"),
        ("words: cold  water, Stratos", Topics(("stratos",), words=("cold water",)), "words, of which no name is made"),
        ("WORDS：“helium”", Topics(words=("helium",)), "as keyboards write it"),
        ("theme:safety, company:zephyr", Topics(("zephyr",), ("safety",)), "facets by slug"),
        ("Zephyr\nStratos", Topics(("zephyr", "stratos")), "one a line"),
    ],
)
def test_names_are_companies_else_themes_else_markets(typed: str, topics: Topics, why: str) -> None:
    assert wanted_of(KNOWN, asked(topics=typed)).include == topics, why
    assert wanted_of(KNOWN, asked(except_=typed)).exclude == topics, why


def test_names_may_be_chinese_or_pinyin_and_tell_a_market_from_its_theme() -> None:
    known = load(CURATED)
    include = wanted_of(known, asked(known, topics="腾讯, pinduoduo, 阿里巴巴, 出海, market:东南亚")).include
    assert include.companies == ("tencent", "pdd", "alibaba")
    assert include.themes == ("overseas-expansion",)
    assert include.markets == ("southeast-asia",)


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("place", "slack:#general", 'slack:#general" is no place on slack; write such as slack:T0'),
        ("place", "Slack:T1/C1", "write such as slack:T0"),
        ("place", "discord:1", "write such as discord:1"),
        ("place", "", "a place is missing; write such as terminal:local/here or slack:"),
        ("schedule", "", "a schedule is missing; write such as"),
        ("schedule", "evry 2 hours", 'did you mean "every"?'),
        ("schedule", "every 5 minutes", "is too often; 15 are the least"),
        ("schedule", "0 9 30 2 *", "never fires"),
        ("zone", "Asia/Beijing", 'there is no zone "Asia/Beijing"; did you mean Asia/Shanghai?'),
        ("zone", "", "a zone is missing; write such as Asia/Shanghai"),
        ("title", "x" * 81, "has 81 characters; 80 are the most"),
        ("title", "a\u202eb", "the invisible character U+202E; remove it"),
        ("topics", "Zephyrr", '"Zephyrr" is no company, theme or market that we know; did you mean Zephyr Airships?'),
        ("topics", "Zep", "did you mean Zephyr Airships?"),
        ("topics", "mars", "that we know. To look for the words of a text, write words:mars"),
        ("topics", "Nobody, Zephyr, Nemo", '"Nemo" is no company'),
        ("topics", "theme:Zephyr", '"Zephyr" is no theme but a company; write Zephyr alone'),
        ("topics", "market:graustrak", "did you mean Graustark?"),
        ("topics", "words:!?", "holds no word"),
        ("topics", "company:", '"company:" names nothing; give a name'),
        ("topics", "words:" + "x" * 81, "is over 80 characters"),
        ("topics", "words:a\x00b", "control character U+0000; remove it"),
        ("topics", ",".join(f"words:w{n}" for n in range(26)), "26 are too many; 25 are the most"),
        ("topics", "x" * 3001, "has 3001 characters; 3,000 are the most"),
        ("except", "Zepyhr", "did you mean Zephyr Airships?"),
        ("match", "both", "write any or all"),
        ("most", "26", '"26" is no number of items; write 1 to 25'),
        ("most", "0", "write 1 to 25"),
        ("most", "ten", "write 1 to 25"),
        ("most", "-1", "write 1 to 25"),
        ("layout", "headline", 'did you mean "headlines"?'),
        ("nothing", "silence", "write skip or say or archive"),
        ("catch_up", "8d", "is over seven days"),
        ("catch_up", "6", '"6" is no length of time; write such as 30m, 6h or 2d, or 0'),
        ("catch_up", "-1h", "is no length of time"),
        ("catch_up", "99999999d", "is no length of time"),
        ("holidays", "UK", "did you mean GB?"),
        ("holidays", "China", "did you mean CN?"),
        ("holidays", "CN, XX", '"XX"; write two letters'),
        ("holidays", "CN,US,DE,FR,IT,ES", "5 are the most"),
        ("policy", "never", "write at_most_once or at_least_once"),
        ("tags", "a,b,c,d,e,f", "6 tags are too many; 5 are the most"),
        ("tags", "x" * 21, "has 21 characters; 20 are the most"),
        ("tpoics", "Zephyr", 'there is no field "tpoics"; did you mean "topics"?'),
    ],
)
def test_what_cannot_be_used_is_named_with_the_way_out(field: str, typed: str, said: str) -> None:
    told = problems(KNOWN, **{field: typed})
    assert list(told) == [field]
    assert said in told[field]


def test_every_problem_is_told_at_once() -> None:
    told = problems(schedule="x", zone="x", most="x", topics="Nobody", layout="x", catch_up="x", tags="x" * 30)
    assert list(told) == ["schedule", "zone", "topics", "most", "layout", "catch_up", "tags"]


def test_a_topic_is_not_asked_for_and_excepted() -> None:
    told = problems(topics="Zephyr, helium", except_="ZPH")
    assert told == {"except": '"ZPH" is among the topics too; leave it out of one of the two'}


@pytest.mark.parametrize(
    ("typed", "seconds", "shown"),
    [("0", 0, "0"), ("0h", 0, "0"), ("90 minutes", 5400, "90m"), ("24h", 86_400, "1d"), ("６h", 21_600, "6h"), ("7D", 604_800, "7d")],
)  # fmt: skip
def test_a_catch_up_window_is_given_in_days_hours_or_minutes(typed: str, seconds: int, shown: str) -> None:
    kept = asked(catch_up=typed)
    assert (kept.catch_up, fields_of(kept)["catch_up"]) == (seconds, shown)


def test_values_may_be_capital_and_wide_and_titles_may_smile() -> None:
    kept = asked(match="ALL", most="２５", policy="at least once", title="  ☀️  早报 ", tags="新闻,  News ,新闻")
    assert (kept.title, kept.policy) == ("☀️ 早报", "at_least_once")
    assert (kept.wanted["match"], kept.wanted["most"], kept.wanted["tags"]) == ("all", 25, ["新闻", "News"])


def test_without_a_title_it_is_called_after_its_topics() -> None:
    assert asked(topics="ZPH").title == "Zephyr Airships"
    assert asked(topics="ZPH, words:cold water, graustark, helium, Stratos").title == (
        "Zephyr Airships, cold water, Graustark and 2 more"
    )


@given(wishes())
def test_what_is_kept_is_shown_back_as_fields_that_mean_the_same(fields: dict[str, str]) -> None:
    kept = made(checked(fields, KNOWN), "7F3A2K", "U1", NOW)
    assert set(fields_of(kept)) == set(FIELDS)
    assert made(checked(fields_of(kept), KNOWN), "7F3A2K", "U1", NOW) == kept


def test_a_name_that_left_the_knowledge_stays_and_an_edit_of_something_else_is_taken() -> None:
    kept = asked(topics="Zephyr, Stratos")
    later = knowing(a_claim(companies=["stratos"]))
    assert wanted_of(later, kept).include.companies == ("zephyr", "stratos")
    assert "zephyr or Stratos" in explained(edition(later), wanted_of(later, kept))
    assert checked(fields_of(kept) | {"most": "3"}, later, kept).wanted == {**kept.wanted, "most": 3}
    with pytest.raises(InvalidFields, match="Zephyr"):
        checked(fields_of(kept), later)


def test_a_record_under_another_slug_is_followed_by_its_name() -> None:
    kept = asked(topics="Zephyr, company:Stratos")
    later = knowing(companies=(company("zephyr-airships", "Zephyr"), company("stratos")))
    assert wanted_of(later, kept).include.companies == ("zephyr-airships", "stratos")


def test_an_edit_changes_what_differs_and_nothing_else() -> None:
    before = asked(topics="Zephyr")
    assert edits(before, terms(topics="Zephyr"), NOW + timedelta(days=1)) == {}
    after = terms(topics="Zephyr", most="3", layout="headlines", title="Zephyr Airships")
    assert edits(before, after, NOW) == {"wanted": {**before.wanted, "most": 3}, "layout": "headlines"}


def test_another_schedule_or_zone_fires_anew_from_now_and_a_paused_one_not_at_all() -> None:
    before, now = asked(), NOW + timedelta(days=30)
    after = terms(schedule="mondays 08:00")
    assert edits(before, after, now) == {"schedule": "mondays 08:00", "next_fire": datetime(2033, 7, 18, 6, tzinfo=UTC)}
    assert edits(before, terms(zone="UTC"), now)["next_fire"] == datetime(2033, 7, 16, 9, tzinfo=UTC)
    assert edits(replace(before, state="paused", next_fire=None), after, now)["next_fire"] is None


def test_another_place_comes_with_its_lane() -> None:
    assert edits(asked(), terms(place="discord:1/2"), NOW) == {"place": "discord:1/2", "lane": "discord"}


def test_a_title_made_of_topics_follows_them_and_a_given_one_stays() -> None:
    def retitled(before: Subscription, **fields: str) -> str:
        return checked(edited(before, fields, KNOWN), KNOWN, before).title

    assert retitled(asked(topics="Zephyr"), topics="Stratos") == "Stratos"
    assert retitled(asked(topics="Zephyr", title="Mine"), topics="Stratos") == "Mine"
    assert retitled(asked(topics="Zephyr"), topics="Stratos", title="Ours") == "Ours"


def test_what_was_missed_is_not_caught_up_by_going_on() -> None:
    assert next_fire(asked(), NOW + timedelta(days=400)) == datetime(2034, 7, 21, 7, tzinfo=UTC)


def test_an_id_is_short_and_known_however_it_is_typed() -> None:
    assert id_from(0, 6) == "000000"
    assert id_from(2**30 - 1, 6) == "ZZZZZZ"
    assert len({id_from(number, 6) for number in range(5_000)}) == 5_000
    assert {alike(typed) for typed in ("10A2BC", " lOa2bc", "IOA2bc", "loa2BC ")} == {"10A2BC"}


@pytest.mark.parametrize(
    ("written", "lane", "home"),
    [
        ("slack:T012AB3CD/C012AB3CD", "slack:T012AB3CD", "slack:T012AB3CD"),
        ("slack:E1/G1/1712345678.123456", "slack:E1", "slack:E1"),
        ("slack:T1/@U1", "slack:T1", "slack:T1"),
        ("discord:123/456", "discord", "discord:123"),
        ("discord:123/456/789", "discord", "discord:123"),
        ("discord:123/@456", "discord", "discord:123"),
        ("discord:@5/5", "discord", "discord:@5"),
        ("terminal:local/here", "terminal", "terminal:local"),
    ],
)
def test_a_place_lies_in_a_workspace_and_a_lane(written: str, lane: str, home: str) -> None:
    assert (str(place_of(written)), lane_of(written), home_of(written)) == (written, lane, home)


@pytest.mark.parametrize(
    "written",
    ["", "slack", "slack:", "slack:T1", "slack:T1/", "slack:t1/C1", "slack:T1/C1/x", "slack:T1/C1/1/2", "slack:T1/C1\n",
     "discord:１/２", "discord:1/2/@3", "discord:a/b", "terminal:local", "telegram:1/2", "slack:T1/C1 ; rm"],
)  # fmt: skip
def test_anything_else_is_no_place(written: str) -> None:
    if written.strip() != written:  # space around it is what a line left
        assert str(place_of(written)) == written.strip()
        return
    with pytest.raises(InvalidPlace, match="write such as"):
        place_of(written)


def test_a_person_is_written_with_their_workspace() -> None:
    assert person_of("slack:T1/@U1") == "slack:T1/@U1"
    with pytest.raises(InvalidPlace, match=r"is no person; write such as slack:T012AB3CD/@ and the person's id"):
        person_of("slack:T1/C1")


@pytest.mark.parametrize(
    ("countries", "day", "name"),
    [
        ("CN", date(2033, 10, 1), "National Day (CN)"),
        ("CN, US", date(2033, 7, 4), "Independence Day (US)"),
        ("CN, US", date(2033, 7, 5), ""),
        ("", date(2033, 10, 1), ""),
        ("DE", date(2033, 12, 25), "Christmas Day (DE)"),
        ("ZZ", date(2033, 10, 1), ""),
    ],
)
def test_a_holiday_is_named_by_country(countries: str, day: date, name: str) -> None:
    assert holiday_on(countries, day) == name


def test_countries_are_kept_written_alike() -> None:
    assert asked(holidays="us，cn、US").holidays == "US, CN"


@given(st.dictionaries(st.sampled_from([*FIELDS, "x"]), st.text(max_size=60)))
def test_nothing_that_is_typed_is_taken_wrongly_or_breaks(fields: dict[str, Any]) -> None:
    try:
        kept = made(checked(fields, KNOWN), "7F3A2K", "U1", NOW)
    except InvalidFields as invalid:
        assert invalid.problems.keys() <= {*FIELDS, "x"}
        assert all(invalid.problems.values())
    else:
        assert checked(fields_of(kept), KNOWN)
