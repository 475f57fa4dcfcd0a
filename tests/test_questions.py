"""Comparing, searching, changes, timelines, spotting, and answers as of a time past."""

import asyncio
import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer import Answers
from bot.lines import line_of, parse
from bot.platforms.terminal.render import payload as plain
from bot.ports import Reply, Request
from briefings.document import Choices, Document, NoClaim, Statement, Table, choices, statements
from knowledge import Knowledge, Period, as_of, changes_since
from tests.builders import TODAY, airships, claim, company, curated, knowing, source, theme

AIRSHIPS = airships()
CURATED = curated()


def asked(line: str, known: Knowledge = AIRSHIPS, today: date = TODAY) -> Reply:
    return asyncio.run(Answers(lambda: known, lambda: today).answer_line(line))


def told(line: str, known: Knowledge = AIRSHIPS) -> list[str]:
    """Returns the claims that an answer tells."""
    reply = asked(line, known)
    assert reply.outcome == "answered", plain(reply.document)
    return [statement.claim for statement in statements(*reply.document.blocks)]


def refused(line: str, known: Knowledge = AIRSHIPS) -> str:
    """Returns the one line that says why something cannot be answered, with the way out."""
    reply = asked(line, known)
    assert reply.outcome == "misused"
    return plain(reply.document).splitlines()[1]


# Comparing


def table(document: Document) -> Table:
    return next(block for block in document.blocks if isinstance(block, Table))


def test_companies_stand_side_by_side_and_an_empty_cell_says_so() -> None:
    compared = table(asked("/compare zephyr, nimbus").document)
    assert compared.columns == ("Zephyr Airships", "Nimbus Lines")
    assert compared.rows[0].label == "What it is"
    assert isinstance(compared.rows[0].cells[0], Statement)
    assert compared.rows[0].cells[1] == NoClaim("no sourced claim")
    assert [row.label for row in compared.rows] == ["What it is", "Sky tourism", "Safety rules"]
    assert all(len(row.cells) == 2 for row in compared.rows)


def test_a_cell_belongs_to_its_column_and_row() -> None:
    companies = [c for c in CURATED.companies.values() if c.slug != "anker"][:12]
    for first, second in itertools.pairwise(companies):
        compared = table(asked(f"/compare {first.slug}, {second.slug}", CURATED).document)
        for row in compared.rows[1:]:
            for compared_company, cell in zip((first, second), row.cells, strict=True):
                if isinstance(cell, Statement):
                    told_claim = CURATED.claims[cell.claim]
                    assert compared_company.slug in told_claim.companies
                    assert row.label in {CURATED.themes[t].names.en for t in told_claim.themes}


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("/compare Tencent, Alibaba", ("Tencent", "Alibaba")),
        ("/compare Tencent vs Alibaba", ("Tencent", "Alibaba")),
        ("/compare Tencent vs. Alibaba", ("Tencent", "Alibaba")),
        ("/compare 腾讯，阿里巴巴", ("Tencent", "Alibaba")),
        ("/compare 腾讯、百度、字节", ("Tencent", "Baidu", "ByteDance")),
        ("/compare tencent alibaba", ("Tencent", "Alibaba")),
        ("/compare sun art alibaba", ("Sun Art Retail", "Alibaba")),
        ("/compare Tencent Holdings Alibaba Group JD.com", ("Tencent", "Alibaba", "JD.com")),
        ("/compare Tencnet, Alibaba", ("Tencent", "Alibaba")),
        ("/compare Tencent and Alibaba", ("Tencent", "Alibaba")),
        ("/compare Tencent versus Alibaba; Baidu", ("Tencent", "Alibaba", "Baidu")),
        ("/compare 腾讯和阿里巴巴", ("Tencent", "Alibaba")),
        ("/compare JD.com, Inc. Tencent", ("JD.com", "Tencent")),
    ],
)
def test_names_to_compare_are_parted_as_people_write_them(line: str, columns: tuple[str, ...]) -> None:
    assert table(asked(line, CURATED).document).columns == columns


def test_a_platform_may_ask_with_typed_arguments() -> None:
    request = Request("compare", {"a": "zephyr", "b": "nimbus", "c": "stratos"})
    reply = asyncio.run(Answers(lambda: AIRSHIPS, lambda: TODAY).answer(request))
    assert table(reply.document).columns == ("Zephyr Airships", "Nimbus Lines", "Stratos")


def test_comparing_needs_two_different_names() -> None:
    assert refused("/compare zephyr") == (
        "Only Zephyr Airships was named; write /compare Zephyr Airships, and another name."
    )
    assert refused("/compare zephyr, ZPH") == "Zephyr Airships was named twice; write each company once."
    assert asked("/compare zephyr, hindenburg").outcome == "unknown"
    assert asked("/compare").outcome == "misused"


# Searching


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("helium", "helium-scarce"),
        ("quietly", "zephyr-loved"),
        ("quiet", "zephyr-loved"),
        ("GRAUSTARK", "zephyr-abroad"),
        ("audit office", "zephyr-passengers-corrected"),
        ("albatross fined", "zephyr-fined"),
        ("gazette rival", "stratos-what"),
    ],
)
def test_words_are_found_in_claims_names_and_sources(words: str, found: str) -> None:
    assert told(f"/search {words}")[0] == found


@pytest.mark.parametrize(
    "words", ["腾讯", "騰訊", "出海", "电商", "外卖", "微信", "抖音", "一带一路", "新零售", "游戏", "印度"]
)
def test_chinese_words_of_two_characters_and_more_are_found(words: str) -> None:
    assert told(f"/search {words}", CURATED)


def test_every_company_is_found_by_its_chinese_name() -> None:
    for known in CURATED.companies.values():
        if known.names.zh and CURATED.claims_about(known):
            found = told(f"/search {known.names.zh}", CURATED)
            assert found, known.slug
            assert all(known.slug in CURATED.claims[c].companies for c in found[:1])


def test_retracted_claims_are_not_found() -> None:
    assert "zephyr-rumour" not in told("/search sale zephyr")


def test_a_search_says_what_was_applied() -> None:
    reply = asked("/search zephyr theme:sightseeing kind:facts since:2031 until:2031-12 market:graustark company:ZPH")
    assert reply.document.summary == (
        "1 claim with “zephyr” on Zephyr Airships in the theme Sky tourism in the market Graustark, only facts, "
        "holding for 2031 or later, holding for Dec 2031 or earlier."
    )
    assert told("/search kind:forecast") == ["zephyr-plan"]


def test_a_search_too_long_for_buttons_shows_a_few_and_says_so() -> None:
    line = "/search a a a a a a a a a a a a a a a a a a a theme:overseas since:2001-01-01 until:2030-12-31"
    reply = asked(line, CURATED)
    assert reply.document.command == ""
    assert len(told(line, CURATED)) <= 3
    assert "are shown, ask for less to see all" in reply.document.summary


def test_filters_narrow_and_never_widen() -> None:
    everything = set(told("/search zephyr"))
    for option in ("theme:tourism", "kind:fact", "since:2031", "until:2031", "company:nimbus", "market:graustark"):
        assert set(told(f"/search zephyr {option}")) <= everything


def test_a_filter_of_several_words_stands_in_quotes() -> None:
    assert told('/search theme:"safety rules"') == ["zephyr-fined"]
    assert told('/search market:"graustark"') == ["zephyr-abroad"]


def test_names_and_sources_that_match_are_offered() -> None:
    offered = {choice.command for choice in choices(asked("/search zephyr").document)}
    assert "/company zephyr" in offered
    assert "/source leaflet" in {choice.command for choice in choices(asked("/search fly slowly").document)}


def test_a_search_without_result_is_an_answer_that_says_so() -> None:
    reply = asked("/search zeppelin")
    assert reply.outcome == "answered"
    assert "No claim says that; try fewer words, or another language." in plain(reply.document)


def test_find_is_another_name_of_search() -> None:
    assert asked("/find helium").document == asked("/search helium").document


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/search", "Write what to look for, or a filter"),
        ("/search x since:2032 until:2031", "since:2032 lies after until:2031; turn the two about."),
        (
            "/search x since:2031-02-30",
            "“since:2031-02-30” is no date; write since:2018, since:2018-01 or since:2018-01-31.",
        ),
        ("/search x until:soon", "“until:soon” is no date"),
        ("/search x kind:rumour", "“kind:rumour” is no kind; write kind:fact, kind:forecast or kind:opinion."),
        ("/search x market:mars", "“market:mars” is no market that a claim names; there are"),
        ("/search " + "x" * 61, "WORDS has at most 60 characters; this was 61. Shorten it."),
        ("/company zephyr as_of:2031-13", "“as_of:2031-13” is no date; write as_of:2018"),
        ("/search x theme:", "theme: needs its value right after the colon"),
        ("/search x theme: tourism", "theme: needs its value right after the colon"),
        ("/search x kind:fact kind:opinion", "kind: stands there twice; keep one."),
        ("/company zephyr as_of:2031?", "“as_of:2031?” is no date"),
        ("/company zephyr as_of:2100", "“as_of:2100” lies in the future; write a time past, or leave it out."),
        ("/compare zephyr, nimbus, stratos, acme", "4 names were given; leave out all but three."),
        ("/changes 99999999d", "“99999999d” is no number of days; write 30d."),
        ("/changes 2026-01-01", "“2026-01-01” is no number of days; write 30d."),
        ("/spot " + "x" * 40_000, "TEXT has at most 20,000 characters; this was 40,000. Shorten it."),
        ("/spot", "Write /spot TEXT"),
        ("/timeline", "Write /timeline NAME"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line_with_the_way_out(line: str, said: str) -> None:
    assert said in refused(line)


@pytest.mark.parametrize("words", ["!!!", "🙂", "ː", "。"])
def test_words_without_letters_find_nothing(words: str) -> None:
    document = asked(f"/search {words}", CURATED).document
    assert list(statements(*document.blocks)) == []
    assert list(choices(document)) == []


@pytest.mark.parametrize(("words", "most"), [("U.S.", 30), ("C++", 30), ("J&T", 5), ("1.5", 15)])
def test_a_written_word_of_several_parts_is_one_word(words: str, most: int) -> None:
    assert len(told(f"/search {words}", CURATED)) <= most


def test_a_word_is_found_joined_and_with_its_possessive() -> None:
    assert set(told("/search ecommerce", CURATED)) == set(told("/search e-commerce", CURATED)) != set()
    assert told("/search tencent's", CURATED) == told("/search tencent", CURATED)


def test_a_market_is_known_by_the_name_of_its_theme() -> None:
    assert told("/search market:东南亚", CURATED) == told("/search market:southeast-asia", CURATED) != []


@pytest.mark.parametrize(
    "line", ["/compare Zephyrr, nimbus", "/timeline Zephyrr", "/changes Zephyrr", "/search rules company:Zephyrr"]
)
def test_a_mended_name_is_said_wherever_it_is_asked(line: str) -> None:
    assert "Nothing here is called “Zephyrr”; this is the nearest name, Zephyr" in plain(asked(line).document)


def test_an_exact_theme_comes_before_a_mended_company() -> None:
    known = Knowledge(
        [company("foods", "Foods")], [theme("goods")], [source()], [claim(companies=["foods"], themes=["goods"])]
    )
    assert asked("/timeline goods", known).document.command == "/timeline goods"
    assert asked("/timeline foods", known).document.command == "/timeline foods"


@pytest.mark.parametrize(
    ("line", "days"), [("30 days zephyr", "30d"), ("zephyr 7 days", "7d"), ("5d", "5d"), ("1 day", "1d")]
)
def test_days_are_read_wherever_they_stand(line: str, days: str) -> None:
    assert asked(f"/changes {line}").document.command.endswith(f" {days}")


def test_a_claim_revised_twice_tells_what_stood_before() -> None:
    revised = claim(
        text="Three.",
        revisions=[{"on": "2031-02-01", "was": "One.", "why": "a"}, {"on": "2031-03-01", "was": "Two.", "why": "b"}],
    )
    assert "before: “One.”" in plain(asked("/changes 9999d", knowing(revised)).document)


def test_figures_of_todays_text_are_not_told_of_the_text_before() -> None:
    revised = claim(
        text="It was 5.",
        figures=[{"value": "5", "unit": "u", "what": "w"}],
        added="2031-01-01",
        revisions=[{"on": "2031-06-01", "was": "It was 4.", "why": "a"}],
    )
    assert as_of(knowing(revised), Period.parse("2031-05")).claims["claim"].figures == ()
    assert as_of(knowing(revised), Period.parse("2031-06")).claims["claim"].figures


def test_an_answer_of_a_time_past_leads_to_others_of_that_time() -> None:
    for line in ("/company zephyr as_of:2031-06", "/theme tourism as_of:2031-06"):
        offered = [choice.command for choice in choices(asked(line).document)]
        assert offered
        assert all(command.endswith(" as_of:2031-06") for command in offered)


def test_a_platform_and_a_typed_line_are_read_alike() -> None:
    request = Request("search", {"words": "airships kind:forecast"})
    reply = asyncio.run(Answers(lambda: AIRSHIPS, lambda: TODAY).answer(request))
    assert reply.document == asked("/search airships kind:forecast").document


@pytest.mark.parametrize("line", ["/search x theme:zzz", "/search x company:zzz", "/timeline zzz", "/changes zzz"])
def test_a_name_that_is_unknown_in_an_option_is_unknown(line: str) -> None:
    assert asked(line).outcome == "unknown"


# Changes


def test_changes_tell_what_was_added_revised_and_retracted_and_why() -> None:
    document = asked("/changes zephyr 600d").document
    lines = {statement.claim: statement for statement in statements(*document.blocks)}
    assert lines["zephyr-rumour"].text == "Retracted: “Zephyr Airships is for sale.”"
    assert "retracted on 1 May 2032: the leaflet took it back" in lines["zephyr-rumour"].dateline
    assert "before: “Zephyr Airships flew to Graustark.”" in lines["zephyr-abroad"].dateline
    assert "revised on 1 Feb 2032: it was the first flight" in lines["zephyr-abroad"].dateline


def test_words_that_no_longer_stand_are_told_only_as_such() -> None:
    texts = [s.text for s in statements(*asked("/changes 9999d").document.blocks)]
    assert len(texts) == len(AIRSHIPS.claims)
    assert "Zephyr Airships flew to Graustark." not in texts
    assert "Zephyr Airships is for sale." not in texts


def test_changes_reach_thirty_days_back_unless_said_otherwise() -> None:
    assert asked("/changes").document.summary == "0 changes since 16 May 2033."
    assert asked("/changes 200d").document.summary == "1 change since 27 Nov 2032."
    assert told("/changes helium 99999d") == ["helium-scarce"]


def test_every_change_of_the_file_is_told_once() -> None:
    changes = changes_since(AIRSHIPS, date(1, 1, 1))
    count = sum(1 + c.revision + (c.retracted is not None) for c in AIRSHIPS.claims.values())
    assert len(changes) == count
    assert [change.on for change in changes] == sorted((change.on for change in changes), reverse=True)


# Timelines


def test_a_timeline_goes_from_the_earliest_year_to_the_latest() -> None:
    document = asked("/timeline zephyr").document
    dates = [AIRSHIPS.claims[s.claim].as_of.first for s in statements(*document.blocks)]
    assert dates == sorted(dates)
    assert document.summary == "Zephyr Airships: 9 claims from 2030 to Feb 2033."
    assert told("/timeline helium") == ["helium-scarce"]


# As of a time past


def test_an_answer_as_of_then_knows_what_held_and_was_published_by_then() -> None:
    assert set(told("/company zephyr as_of:2031-06")) == {
        "zephyr-what", "zephyr-passengers", "zephyr-abroad", "zephyr-fined", "zephyr-plan", "stratos-what",
    }  # fmt: skip
    assert told("/company zephyr as_of:2031-04") == []
    document = asked("/company zephyr as_of:2031-06").document
    assert "As it could be known at the end of Jun 2031." in plain(document)
    assert document.command == "/company zephyr as_of:2031-06"


def test_later_revisions_and_retractions_are_undone() -> None:
    then = as_of(AIRSHIPS, Period.parse("2032-01"))
    assert then.claims["zephyr-abroad"].text == "Zephyr Airships flew to Graustark."
    assert then.claims["zephyr-abroad"].revision == 0
    assert as_of(AIRSHIPS, Period.parse("2032-04")).claims["zephyr-rumour"].retracted is None
    assert as_of(AIRSHIPS, Period.parse("2032-05")).claims["zephyr-rumour"].retracted is not None


def test_what_was_not_yet_outdated_stands() -> None:
    document = asked("/company zephyr as_of:2032").document
    line = next(s for s in statements(*document.blocks) if s.claim == "zephyr-passengers")
    assert "outdated" not in line.dateline
    assert line.dateline.startswith("as of 2030, 2 years ago")


@pytest.mark.parametrize(
    ("as_of_claim", "published", "then", "known"),
    [
        ("2029", "2030-01-01", "2029", False),
        ("2029", "2030-01-01", "2030-01", True),
        ("2029", "2030", "2030-06", False),
        ("2029", "2030", "2030", True),
        ("2029-12", None, "2029", True),
        ("2029", None, "2029-12", True),
        ("2029", None, "2029-06", False),
    ],
)
def test_a_source_must_be_out_by_the_end_of_then(
    as_of_claim: str, published: str | None, then: str, known: bool
) -> None:
    paper = source(published=published, published_note="undated" if published is None else None)
    everything = Knowledge([company("acme")], [theme("things")], [paper], [claim(as_of=as_of_claim)])
    assert bool(as_of(everything, Period.parse(then)).claims) is known


@given(st.dates(min_value=date(2017, 1, 1), max_value=date(2027, 1, 1)), st.integers(0, 2_000))
def test_what_was_known_never_gets_less_as_time_goes_on(day: date, later: int) -> None:
    then = Period.of(day)
    after = Period.of(date.fromordinal(day.toordinal() + later))
    assert set(as_of(CURATED, then).claims) <= set(as_of(CURATED, after).claims)


def test_after_all_changes_nothing_is_undone() -> None:
    assert as_of(AIRSHIPS, Period(2100)).claims == AIRSHIPS.claims


# Spotting


@pytest.mark.parametrize(
    ("text", "spotted"),
    [
        ("Tencent and Alibaba", ["tencent", "alibaba"]),
        ("腾讯和阿里巴巴合作", ["tencent", "alibaba"]),
        ("騰訊與字節跳動", ["tencent", "bytedance"]),
        ("WeChat, TikTok; Temu!", ["tencent", "bytedance", "pdd"]),
        ("Sun Art Retail Group sold RT-Mart", ["sun-art"]),
        ("Alibaba Cloud", ["alibaba"]),
        ("Tencent's revenue, Baidu’s plan", ["tencent", "baidu"]),
        ("用B站看, B站上市", ["bilibili"]),
        ("Tencentは強い, Baidu와", ["tencent", "baidu"]),
        ("see page:12-14 of Tencent theme: x", ["tencent"]),
        ("TENCENT tencent Tencent", ["tencent"]),
        ("0700.HK rose", ["tencent"]),
        ("700 people, 1024 bytes, 99 ideas", []),
        ("metadata and tencents", []),
        ("石头 is a stone, Ali is a name", []),
        ("石头科技上市", ["roborock"]),
        ("the TikTok的用户", ["bytedance"]),
        ("<@U1> https://x.example/tencent?x=1", ["tencent"]),
        ("", []),
        ("nothing here", []),
    ],
)
def test_companies_are_spotted_as_whole_words_or_chinese_runs(text: str, spotted: list[str]) -> None:
    assert [found.slug for found in CURATED.spotter.spot(text)] == spotted


def test_the_longest_name_wins() -> None:
    known = knowing(
        claim(), companies=(company("acme"), company("air", "Acme Air"), company("airline", "Acme Air Line"))
    )
    assert [c.slug for c in known.spotter.spot("Acme Air Line, Acme Air, Acme")] == ["airline", "air", "acme"]


def test_a_pasted_text_keeps_what_looks_like_an_option() -> None:
    document = asked("/spot see page:12-14 of Zephyr, theme: x").document
    assert [choice.command for choice in choices(document)] == ["/company zephyr"]


def test_a_pasted_text_gets_its_companies_as_choices() -> None:
    document = asked("/spot Zephyr flew\n\nwith NIMBUS LINES", AIRSHIPS).document
    (offered,) = [block for block in document.blocks if isinstance(block, Choices)]
    assert [choice.command for choice in offered.choices] == ["/company zephyr", "/company nimbus"]
    assert "The text names no company of the file." in plain(asked("/spot nobody").document)


@given(st.text(max_size=400))
def test_any_text_is_spotted_without_failing(text: str) -> None:
    assert len(CURATED.spotter.spot(text)) <= len(CURATED.companies)


# Lines


@given(
    st.sampled_from(["company", "theme", "timeline", "source", "search", "spot"]),
    st.text(alphabet="abc 腾讯-.'!", min_size=1, max_size=30).map(lambda text: " ".join(text.split()) or "x"),
    st.integers(1, 999),
)
def test_a_written_line_is_read_again(command: str, typed: str, page: int) -> None:
    first = {"source": "id", "search": "words", "spot": "text"}.get(command, "name")
    request = Request(command, {first: typed}, 1 if command == "spot" else page)
    assert parse(line_of(request)) == request


@pytest.mark.parametrize(
    "request_",
    [
        Request("compare", {"a": "zephyr", "b": "nimbus"}),
        Request("changes", {"name": "zephyr", "days": "30d"}),
        Request("company", {"name": "zephyr", "as_of": "2031"}, 2),
        Request("search", {"words": "sky", "theme": "safety rules", "since": "2031"}),
    ],
)
def test_lines_with_several_arguments_are_read_again(request_: Request) -> None:
    assert parse(line_of(request_)) == request_


def test_every_choice_in_every_answer_leads_to_an_answer() -> None:
    lines = ["/compare zephyr, nimbus", "/search zephyr", "/changes 9999d", "/timeline zephyr", "/spot zephyr"]
    for line in lines:
        for choice in choices(asked(line).document):
            assert asked(choice.command).outcome == "answered"
