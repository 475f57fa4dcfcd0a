from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.lines import parse
from bot.platforms.terminal.render import BUDGET
from bot.platforms.terminal.render import payload as plain
from briefings.company import MOST_FIGURES, MOST_IN_BRIEF, company_briefing
from briefings.directory import companies_briefing, themes_briefing
from briefings.document import Break, Choices, Document, Facts, Heading, Note, Statement, choices, statements
from briefings.paginate import paginate
from briefings.source import source_briefing
from briefings.theme import theme_briefing
from briefings.words import echo, words_in
from knowledge import Knowledge, Period
from tests.builders import TODAY, airships, claim, company, curated, edition, knowing, source, theme

AIRSHIPS = airships()


def about_company(name: str, known: Knowledge = AIRSHIPS, today: date = TODAY) -> Document:
    return company_briefing(edition(known, today), known.company_names.find(name))


def about_theme(name: str, known: Knowledge = AIRSHIPS) -> Document:
    return theme_briefing(edition(known), known.theme_names.find(name))


def brief(document: Document) -> list[Statement | Facts | Heading]:
    """Returns what stands on the first page."""
    end = next((i for i, b in enumerate(document.blocks) if isinstance(b, Break)), len(document.blocks))
    return [b for b in document.blocks[:end] if isinstance(b, Statement | Facts | Heading)]


def sections(document: Document) -> dict[str, list[str]]:
    """Returns the claims under each heading after the brief."""
    start = next(i for i, b in enumerate(document.blocks) if isinstance(b, Break)) if Break() in document.blocks else 0
    found: dict[str, list[str]] = {}
    for block in document.blocks[start:]:
        if isinstance(block, Heading):
            found[block.text] = []
        elif isinstance(block, Statement) and found:
            found[list(found)[-1]].append(block.claim)
    return found


def notes(document: Document) -> list[str]:
    return [b.text for b in document.blocks if isinstance(b, Note)]


def test_every_standing_claim_of_a_company_is_told_with_its_text() -> None:
    told = {s.claim: s.text for s in statements(*about_company("zephyr").blocks) if s.text.endswith(".")}
    zephyr = AIRSHIPS.companies["zephyr"]
    assert told == {c.id: c.text for c in AIRSHIPS.claims_about(zephyr) if not c.retracted}


def test_claims_are_grouped_with_forecasts_and_opinions_apart() -> None:
    assert sections(about_company("zephyr")) == {
        "Figures": ["zephyr-passengers-corrected", "zephyr-passengers", "zephyr-share"],
        "Abroad": ["stratos-what", "zephyr-abroad"],
        "At home": ["zephyr-what"],
        "Regulation": ["zephyr-fined"],
        "Forecasts": ["zephyr-plan"],
        "Opinions": ["zephyr-loved"],
    }


def test_the_brief_shows_only_figures_of_facts_that_still_hold() -> None:
    facts = next(b for b in brief(about_company("zephyr")) if isinstance(b, Facts))
    assert [(row.label, row.value.text) for row in facts.rows] == [
        ("Passengers in 2030", "980 thousand people"),
        ("Share of tourists", "60%"),
    ]


def test_the_brief_holds_at_most_five_figures_and_six_claims_key_and_newest_first() -> None:
    claims = [
        claim(
            f"c{year}",
            as_of=str(year),
            key=str(year % 2 == 0).lower(),
            figures=[{"value": year, "unit": "u", "what": "w"}],
        )
        for year in range(2000, 2008)
    ]
    plain_claims = [claim(f"p{year}", as_of=str(year), key=str(year % 2 == 0).lower()) for year in range(2000, 2010)]
    page = brief(about_company("acme", knowing(*claims, *plain_claims)))
    facts = next(b for b in page if isinstance(b, Facts))
    assert [row.value.text for row in facts.rows] == ["2,006 u", "2,004 u", "2,002 u", "2,000 u", "2,007 u"]
    assert len(facts.rows) == MOST_FIGURES
    said = [b.claim for b in page if isinstance(b, Statement)]
    assert said == ["p2008", "p2006", "p2004", "p2002", "p2000", "p2009"]
    assert len(said) == MOST_IN_BRIEF


def test_an_outdated_claim_is_not_in_the_brief_and_stands_beside_the_later_one() -> None:
    document = about_company("zephyr")
    assert "zephyr-passengers" not in {
        s.claim for b in brief(document) for s in ([b] if isinstance(b, Statement) else [])
    }
    lines = {s.claim: s.dateline for s in statements(*document.blocks)}
    assert lines["zephyr-passengers-corrected"] == "as of Feb 2033 · outdates the claim as of 2030"
    assert lines["zephyr-passengers"] == "as of 2030, 2 years ago · Ada Byron · outdated by the claim as of Feb 2033"


def test_a_later_claim_about_another_company_is_taken_along() -> None:
    earlier = claim("earlier", companies=["acme"])
    later = claim("later", as_of="2030", companies=["bcme"], supersedes=["earlier"])
    told = [s.claim for s in statements(*about_company("acme", knowing(earlier, later)).blocks)]
    assert told.index("later") == told.index("earlier") - 1


def test_every_later_claim_is_told_where_several_outdate_one() -> None:
    earlier = claim("earlier", companies=["acme"])
    later = [claim(name, as_of="2030", companies=[name], supersedes=["earlier"]) for name in ("bcme", "ccme")]
    told = [s.claim for s in statements(*about_company("acme", knowing(earlier, *later)).blocks)]
    assert told.index("earlier") > max(told.index("bcme"), told.index("ccme"))


def test_a_claim_whose_only_successor_was_retracted_stands_and_nobody_refers_to_that() -> None:
    first = claim("first", as_of="2027")
    second = claim("second", as_of="2028", supersedes=["first"], retracted={"on": "2031-02-01", "why": "wrong"})
    third = claim("third", as_of="2029", supersedes=["second"])
    lines = {s.claim: s.dateline for s in statements(*about_company("acme", knowing(first, second, third)).blocks)}
    assert set(lines) == {"first", "third"}
    assert not any("outdate" in line for line in lines.values())


def test_a_forecast_stays_apart_even_beside_the_fact_that_outdates_it() -> None:
    forecast = claim("forecast", kind="forecast")
    fact = claim("fact", as_of="2030", supersedes=["forecast"])
    known = knowing(forecast, fact, *(claim(f"c{n}", key="true") for n in range(7)))
    assert sections(about_company("acme", known))["Forecasts"] == ["forecast"]
    assert sections(about_theme("things", known))["Forecasts"] == ["forecast"]


@given(st.data())
def test_every_standing_claim_is_told_once_whatever_outdates_what(data: st.DataObject) -> None:
    claims = []
    for number in range(data.draw(st.integers(1, 9))):
        earlier = data.draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        gone = {"on": "2031-02-01", "why": "wrong"} if data.draw(st.booleans()) else None
        fields: dict[str, Any] = {
            "as_of": str(2000 + number),
            "supersedes": [f"c{n}" for n in earlier],
            "retracted": gone,
        }
        claims.append(claim(f"c{number}", kind=data.draw(st.sampled_from(["fact", "forecast", "opinion"])), **fields))
    known = knowing(*claims)
    told = [s.claim for s in statements(*about_theme("things", known).blocks)]
    assert sorted(told) == sorted(c.id for c in claims if not c.retracted)
    for outdated in (c for c in claims if not c.retracted):
        for later in known.superseding(outdated):
            if later.kind == outdated.kind:
                assert told.index(later.id) < told.index(outdated.id)


def test_records_as_large_as_they_may_be_fit_a_page() -> None:
    wide = "腾"
    sources = [
        source(f"s{n}", title=wide * 200, publisher=wide * 80, published=None, published_note=wide * 200, url="https://x.example/" + "y" * 280)
        for n in range(3)
    ]  # fmt: skip
    figure = {"value": "9" * 30, "unit": wide * 80, "what": wide * 80, "qualifier": wide * 30}
    largest = claim(text=wide * 399 + ".", attributed_to=wide * 80, sources=[s.id for s in sources], figures=[figure])
    known = Knowledge([company("acme")], [theme("things")], sources, [largest])
    for page in paginate(about_company("acme", known), BUDGET):
        assert plain(page)


def test_a_brief_that_tells_everything_is_the_whole_answer() -> None:
    assert Break() not in about_company("acme", knowing(claim("one"), claim("two"))).blocks
    assert Break() in about_company("acme", knowing(*(claim(f"c{n}") for n in range(7)))).blocks


def test_a_retracted_claim_is_left_out_and_counted() -> None:
    document = about_company("zephyr")
    assert "zephyr-rumour" not in {s.claim for s in statements(*document.blocks)}
    assert "1 retracted claim is left out." in notes(document)


def test_what_a_retracted_claim_outdated_stands_again() -> None:
    earlier = claim("earlier", as_of="2028")
    later = claim("later", supersedes=["earlier"], retracted={"on": "2031-02-01", "why": "wrong"})
    told = {s.claim: s.dateline for s in statements(*about_company("acme", knowing(earlier, later)).blocks)}
    assert "outdated" not in told["earlier"]
    assert "later" not in told


def test_a_company_without_claim_says_so_and_nothing_else() -> None:
    document = about_company("empty", knowing(claim(), companies=(company("empty"),)))
    assert list(statements(*document.blocks)) == []
    assert notes(document) == ["No sourced claim says what it is.", "The file has no claim here yet."]
    assert document.summary == "Empty: no claim in the file."


def test_a_foreign_company_is_marked_as_foreign() -> None:
    assert "Foreign company, here because sources compare with it." in plain(about_company("stratos"))
    assert "Home market: Ruritania." in plain(about_company("zephyr"))


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        ("zephyr", None),
        ("Zephyr Airships", None),
        ("Albatross", "Found by the product Albatross."),
        ("ZPH", "Found by the ticker ZPH."),
        ("breeze balloons", "Found by the former name Breeze Balloons."),
        ("Zephyrr", "Nothing here is called “Zephyrr”; this is the nearest name, Zephyr."),
    ],
)
def test_the_answer_says_how_a_name_led_to_it(typed: str, note: str | None) -> None:
    said = [n for n in notes(about_company(typed)) if n.startswith(("Found", "Nothing"))]
    assert said == ([note] if note else [])


def test_themes_and_neighbours_are_choices() -> None:
    offered = {c.command for c in choices(about_company("zephyr"))}
    assert offered == {"/theme tourism", "/theme safety", "/company nimbus", "/company stratos"}


def test_sources_are_listed_once_in_the_order_of_their_marks() -> None:
    document = about_company("zephyr")
    assert [(e.number, e.publisher, e.published) for e in document.sources] == [
        (1, "Ruritanian Gazette", "2 May 2031"),
        (2, "Audit Office", "Feb 2033"),
        (3, "Friends of Airships", "undated; handed out in the spring of 2032"),
    ]


def test_a_theme_tells_facts_newest_first_then_forecasts_and_opinions() -> None:
    document = about_theme("sightseeing")
    assert sections(document) == {
        "Facts": ["zephyr-passengers-corrected", "zephyr-passengers", "zephyr-what", "stratos-what", "zephyr-abroad", "zephyr-share"],
        "Forecasts": ["zephyr-plan"],
        "Opinions": ["zephyr-loved"],
    }  # fmt: skip
    assert "In our words: Flights for the view." in plain(document)
    assert document.summary == "Sky tourism: 8 claims on 3 companies, the newest as of Feb 2033."
    assert choices(document)[0].command == "/company zephyr"


def test_a_theme_without_claim_says_so() -> None:
    known = knowing(claim(retracted={"on": "2031-02-01", "why": "wrong"}))
    assert notes(about_theme("things", known)) == ["1 retracted claim is left out.", "The file has no claim here yet."]


def test_the_lists_count_claims_and_name_the_newest_date() -> None:
    companies = [(c.label, c.detail) for c in choices(companies_briefing(edition(AIRSHIPS)))]
    assert companies == [
        ("Nimbus Lines", "1 claim, newest probably Apr 2032"),
        ("Zephyr Airships", "9 claims, newest Feb 2033"),
        ("Stratos", "1 claim, newest 2 May 2031, foreign"),
    ]
    assert [c.label for c in choices(themes_briefing(edition(AIRSHIPS)))] == ["Helium", "Safety rules", "Sky tourism"]


def test_a_source_tells_what_it_is_and_every_claim_that_rests_on_it() -> None:
    document = source_briefing(edition(AIRSHIPS), AIRSHIPS.sources["leaflet"])
    text = plain(document)
    for line in (
        "Publisher: Friends of Airships [1]",
        "Published: undated; handed out",
        "Reliability: An interest group.",
    ):
        assert line in text
    assert "Author:" not in text
    assert sections(document) == {"What rests on it": ["zephyr-loved", "zephyr-abroad"]}


def test_a_source_keeps_apart_what_rests_on_others() -> None:
    assert sections(source_briefing(edition(AIRSHIPS), AIRSHIPS.sources["audit-2033"])) == {
        "What rests on it": ["zephyr-passengers-corrected"],
        "From other sources, outdating or outdated": ["zephyr-passengers"],
    }


@pytest.mark.parametrize(
    ("as_of", "today", "line"),
    [
        ("2017-12-05", date(2026, 11, 22), "as of 5 Dec 2017, 8 years ago · Somebody"),
        ("2017-12", date(2018, 12, 31), "as of Dec 2017, 1 year ago · Somebody"),
        ("2017", date(2018, 6, 1), "as of 2017 · Somebody"),
        ("2024-04?", date(2026, 11, 22), "as of probably Apr 2024, 2 years ago · Somebody"),
    ],
)
def test_a_dateline_keeps_the_precision_and_counts_completed_years(as_of: str, today: date, line: str) -> None:
    document = about_company("acme", knowing(claim(as_of=as_of)), today)
    assert next(statements(*document.blocks)).dateline == line


@pytest.mark.parametrize(
    ("kind", "begins"), [("fact", "as of"), ("forecast", "forecast of"), ("opinion", "opinion of")]
)
def test_forecasts_and_opinions_say_what_they_are_and_who_said_so(kind: str, begins: str) -> None:
    for statement in statements(*about_company("acme", knowing(claim(kind=kind))).blocks):
        assert statement.dateline.startswith(begins)
        assert statement.dateline.endswith("Somebody")


def test_a_revised_claim_says_when() -> None:
    revised = claim(revisions=[{"on": "2031-02-01", "was": "It was so.", "why": "better known"}])
    assert next(statements(*about_company("acme", knowing(revised)).blocks)).dateline.endswith("revised 1 Feb 2031")


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ({"value": "500", "unit": "billion USD", "qualifier": "over"}, "over 500 billion USD"),
        ({"value": "1234567.50", "unit": "rides"}, "1,234,567.50 rides"),
        ({"value": "34", "unit": "percent", "qualifier": "at least"}, "at least 34%"),
        ({"value": "-0.10", "unit": "percent"}, "-0.10%"),
        ({"value": "12345678901234567890123456789.1", "unit": "x"}, "12,345,678,901,234,567,890,123,456,789.1 x"),
    ],
)
def test_a_figure_is_told_exactly(figure: dict[str, str], said: str) -> None:
    document = about_company("acme", knowing(claim(figures=[figure | {"what": "w"}])))
    assert next(statements(*document.blocks)).text == said


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Tencent", "Tencent"),
        ("a\x00b\x1b[31mc", "a b [31mc"),
        ("x\u202eabc", "xabc"),
        ("\ud800", ""),
        ("o" + "\u0301" * 10_000, "o\u0301\u0301"),
        ("z" * 10_000, "z" * 79 + "…"),
        ("a\n\n  b\tc", "a b c"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_an_echo_is_one_short_line_of_visible_characters(typed: str, shown: str) -> None:
    assert echo(typed) == shown


def test_dates_are_written_as_readers_write_them() -> None:
    say = words_in("en").date
    assert [say(Period.parse(p)) for p in ("2017", "2017-12", "2017-12-05", "2017?")] == [
        "2017", "Dec 2017", "5 Dec 2017", "probably 2017",
    ]  # fmt: skip


def every_document(known: Knowledge) -> Iterable[Document]:
    at = edition(known)
    yield from (company_briefing(at, known.company_names.find(slug)) for slug in known.companies)
    yield from (theme_briefing(at, known.theme_names.find(slug)) for slug in known.themes)
    yield from (source_briefing(at, source) for source in known.sources.values())
    yield from (make(at) for make in (companies_briefing, themes_briefing))


@pytest.mark.parametrize("load", [airships, curated])
def test_no_statement_is_without_a_listed_source_or_differs_from_its_claim(
    load: Callable[[], Knowledge],
) -> None:
    known = load()
    for document in every_document(known):
        listed = {entry.number: entry.url for entry in document.sources}
        for statement in statements(*document.blocks):
            told = known.claims[statement.claim]
            assert {listed[n] for n in statement.citations} == {known.sources[s].url for s in told.sources}
            figures = {words_in("en").figure(figure) for figure in told.figures}
            assert statement.text == told.text or statement.text in figures
            assert statement.revision == told.revision


def test_choices_in_answers_are_commands_that_are_answered() -> None:
    for document in every_document(AIRSHIPS):
        assert parse(document.command)
        for block in document.blocks:
            if isinstance(block, Choices):
                assert all(parse(choice.command) for choice in block.choices)
