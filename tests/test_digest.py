from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.lines import parse
from bot.platforms import PLATFORMS, limits, renderer
from bot.platforms.terminal.render import BUDGET
from bot.platforms.terminal.render import payload as plain
from briefings.digest import Correction, correction_briefing, digest_briefing, nothing_briefing, reason
from briefings.document import Choice, Document, choices, statements
from briefings.paginate import paginate
from briefings.selection import Decision, Revision, Selection, choose
from briefings.wanted import Topics, Wanted, explained, matches
from knowledge import Claim, Knowledge
from tests.builders import (
    NOON,
    TODAY,
    airships,
    claim,
    curated,
    current,
    edition,
    every_digest,
    imprint,
    knowing,
    selected,
    source,
    theme,
)

AIRSHIPS = airships()
ALL = Wanted(most=99)
FILLED = Wanted(most=99, nothing="archive")
RETRACTED = {"on": "2031-03-01", "why": "it was wrong"}


def revisions(*was: str) -> list[dict[str, str]]:
    return [{"on": "2031-02-01", "was": text, "why": "better known"} for text in was]


def kinds(selection: Selection) -> dict[str, str]:
    return {item.claim.id: item.kind for item in selection.chosen}


def verdicts(selection: Selection) -> dict[Revision, str]:
    return {(one.claim, one.revision): one.verdict for one in selection.decisions}


def wanting(**topics: tuple[str, ...]) -> Wanted:
    return Wanted(include=Topics(**topics))


def digest(known: Knowledge, selection: Selection | None = None, layout: Any = "full", **fields: Any) -> Document:
    return digest_briefing(edition(known), imprint(**fields), selection or selected(known, ALL), layout)


# What is wanted.


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (wanting(companies=("nimbus",)), {"zephyr-loved"}),
        (wanting(themes=("helium", "safety")), {"helium-scarce", "zephyr-fined"}),
        (wanting(companies=("nimbus",), themes=("helium",)), {"zephyr-loved", "helium-scarce"}),
        (wanting(markets=("graustark",)), {"zephyr-abroad"}),
        (wanting(words=("quiet",)), {"zephyr-loved"}),
        (wanting(words=("Audit Office",)), {"zephyr-passengers-corrected"}),
        (wanting(words=("…",)), set()),
        (wanting(companies=("nobody",)), set()),
        (Wanted(Topics(("nimbus", "stratos"), ("tourism",)), every=True), {"zephyr-loved", "stratos-what"}),
        (Wanted(Topics(("nimbus",), ("helium",)), every=True), set()),
        (Wanted(Topics(("nimbus", "stratos")), Topics(words=("rival",))), {"zephyr-loved"}),
        (Wanted(Topics(("nimbus",)), Topics(("zephyr",))), set()),
        (Wanted(exclude=Topics(("zephyr",))), {"helium-scarce"}),
    ],
)  # fmt: skip
def test_a_filter_takes_what_it_includes_and_nothing_that_it_excludes(wanted: Wanted, found: set[str]) -> None:
    assert {c.id for c in AIRSHIPS.claims.values() if matches(AIRSHIPS, wanted, c)} == found


def test_no_filter_takes_everything() -> None:
    assert all(matches(AIRSHIPS, Wanted(), c) for c in AIRSHIPS.claims.values())


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(), "All claims, at most 10."),
        (Wanted(Topics(("zephyr",), ("tourism",)), Topics(themes=("safety",))), "Claims on Zephyr Airships, or on Sky tourism, but not on Safety rules, at most 10."),
        (Wanted(Topics(("zephyr", "nimbus"), ("tourism",)), every=True, most=3), "Claims on Zephyr Airships or Nimbus Lines, and on Sky tourism, at most 3."),
        (wanting(markets=("south-graustark",), words=("first flight",)), "Claims in South Graustark, or with “first flight”, at most 10."),
        (Wanted(exclude=Topics(("nobody",), words=("x\ny",))), "All claims, but not on nobody, nor with “x y”, at most 10."),
    ],
)  # fmt: skip
def test_a_filter_is_explained_as_it_is_compiled(wanted: Wanted, words: str) -> None:
    assert explained(edition(AIRSHIPS), wanted) == words


def test_a_digest_of_no_items_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="ask for 1 or more"):
        Wanted(most=0)


# What goes in.


def test_what_was_taken_up_since_the_subscription_is_new_and_the_rest_is_archive() -> None:
    known = knowing(claim("old"), claim("new"))
    assert kinds(selected(known, FILLED, old=(("old", 0),))) == {"new": "new", "old": "archive"}


def test_what_was_taken_up_after_the_instant_waits_for_the_next_digest() -> None:
    known = knowing(claim("now"), claim("later"))
    assert kinds(selected(known, ALL, later=(("later", 0),))) == {"now": "new"}


def test_a_claim_revised_since_the_subscription_says_what_it_said_before() -> None:
    known = knowing(claim(text="It is c.", revisions=revisions("It is a.", "It is b.")))
    (item,) = selected(known, ALL, old=(("claim", 0),)).chosen
    assert (item.kind, item.was) == ("revised", "It is a.")


def test_a_claim_revised_before_anybody_saw_it_is_new() -> None:
    known = knowing(claim(text="It is b.", revisions=revisions("It is a.")))
    (item,) = selected(known, ALL).chosen
    assert (item.kind, item.was) == ("new", "")


def test_a_revision_is_told_against_what_the_place_was_shown_last() -> None:
    known = knowing(claim(text="It is c.", revisions=revisions("It is a.", "It is b.")))
    (item,) = selected(known, ALL, old=(("claim", 0),), shown=(("claim", 1),)).chosen
    assert (item.kind, item.was) == ("revised", "It is b.")


def test_a_revision_older_than_the_subscription_is_told_where_the_one_before_was_shown() -> None:
    known = knowing(claim(text="It is b.", revisions=revisions("It is a.")))
    selection = selected(known, ALL, old=(("claim", 0), ("claim", 1)), shown=(("claim", 0),))
    assert kinds(selection) == {"claim": "revised"}


def test_a_text_that_came_back_to_what_was_shown_is_not_told_again() -> None:
    known = knowing(claim(text="It is a.", revisions=revisions("It is a.", "It is b.")))
    selection = selected(known, FILLED, shown=(("claim", 0),))
    assert not selection.chosen
    assert verdicts(selection)["claim", 2] == "shown before"


def test_a_text_that_came_back_to_what_it_was_long_ago_is_told_against_the_one_between() -> None:
    known = knowing(claim(text="It is a.", revisions=revisions("It is a.", "It is b.")))
    (item,) = selected(known, ALL, old=(("claim", 0),)).chosen
    assert (item.kind, item.was) == ("revised", "It is b.")


def test_a_revision_that_was_taken_back_from_the_files_is_not_told_again() -> None:
    selection = selected(knowing(claim()), FILLED, shown=(("claim", 1),))
    assert not selection.chosen


def test_a_retracted_claim_never_goes_in() -> None:
    known = knowing(claim("new", retracted=RETRACTED), claim("old", retracted=RETRACTED))
    selection = selected(known, FILLED, old=(("old", 0),))
    assert not selection.chosen
    assert verdicts(selection) == {("new", 0): "retracted"}


def test_an_outdated_claim_goes_in_as_new_but_not_from_the_archive() -> None:
    known = knowing(claim("earlier"), claim("later", as_of="2030", supersedes=["earlier"]))
    assert "earlier" in kinds(selected(known, FILLED))
    assert kinds(selected(known, FILLED, old=current(known))) == {"later": "archive"}


def test_the_archive_fills_up_a_digest_and_makes_one_only_where_it_is_wanted() -> None:
    known = knowing(claim("new"), *(claim(f"old{n}") for n in range(5)))
    old = tuple(revision for revision in current(known) if revision != ("new", 0))
    assert Counter(kinds(selected(known, Wanted(most=3), old=old)).values()) == {"new": 1, "archive": 2}
    assert not selected(known, Wanted(most=3), old=current(known)).chosen
    assert len(selected(known, Wanted(most=3, nothing="archive"), old=current(known)).chosen) == 3


def test_what_does_not_fit_is_left_and_the_archive_waits() -> None:
    known = knowing(*(claim(f"new{n}") for n in range(5)), claim("old"))
    selection = selected(known, replace(FILLED, most=2), old=(("old", 0),))
    assert len(selection.chosen) == 2
    assert len(selection.left) == 3
    assert set(kinds(selection).values()) == {"new"}


def test_each_new_revision_has_its_reason() -> None:
    gone, known = claim("gone"), knowing(
        claim("in"),
        claim("revised", text="It is b.", revisions=revisions("It is a.")),
        claim("retracted", retracted=RETRACTED),
        claim("shown"),
        claim("excluded", themes=["things", "rules"]),
        claim("filtered", companies=["bcme"]),
        claim("over"),
    )  # fmt: skip
    wanted = Wanted(Topics(("acme",)), Topics(themes=("rules",)), most=2)
    every = [(c.id, n) for c in (*known.claims.values(), gone) for n in range(c.revision + 1)]
    seen = dict.fromkeys(every, NOON)
    selection = choose(known, wanted, seen=seen, shown={("shown", 0)}, since=NOON - timedelta(days=1), due=NOON)
    at = edition(known)
    assert {(one.claim, one.revision): reason(at, one) for one in selection.decisions} == {
        ("excluded", 0): "out: excluded by theme:rules",
        ("filtered", 0): "out: the filter does not include it",
        ("gone", 0): "out: no longer in the files",
        ("in", 0): "in, as new",
        ("over", 0): "left for a later digest: more than 2 matched",
        ("retracted", 0): "out: retracted on 2031-03-01",
        ("revised", 0): "out: revised since",
        ("revised", 1): "in, as new",
        ("shown", 0): "not again: shown here before",
    }


def test_an_item_from_the_archive_has_its_reason_too() -> None:
    selection = selected(knowing(claim()), FILLED, old=(("claim", 0),))
    assert selection.decisions == (Decision("claim", 0, "in", "archive"),)


def test_no_company_takes_more_than_its_share_while_others_wait() -> None:
    many = [claim(f"a{n}", companies=["acme"], key="true") for n in range(9)]
    few = [claim(f"b{n}", companies=["bcme"]) for n in range(3)] + [claim("none", companies=[])]
    told = [item.claim.id for item in selected(knowing(*many, *few), Wanted(most=6)).chosen]
    assert Counter(id_[0] for id_ in told) == {"a": 3, "b": 2, "n": 1}


def test_the_themes_of_a_company_take_turns() -> None:
    many = [claim(f"t{n}", key="true") for n in range(9)]
    chosen = selected(knowing(*many, claim("r", themes=["rules"])), Wanted(most=2)).chosen
    assert {theme for item in chosen for theme in item.claim.themes} == {"things", "rules"}


def test_the_archive_goes_on_with_companies_that_the_place_has_been_shown_least_of() -> None:
    known = knowing(*(claim(f"{name}{n}", companies=[name]) for name in ("acme", "bcme") for n in range(3)))
    wanted = Wanted(most=2, nothing="archive")
    chosen = selected(known, wanted, old=current(known), shown=(("acme0", 0), ("acme1", 0))).chosen
    assert [item.claim.companies for item in chosen] == [("bcme",), ("bcme",)]


@st.composite
def histories(draw: st.DrawFn, most_companies: int = 2) -> tuple[Knowledge, dict[str, Any], Wanted]:
    """Draws a knowledge with revised, retracted and outdated claims, when each was seen, and what was shown."""
    claims: list[Claim] = []
    for number in range(draw(st.integers(1, 12))):
        companies = draw(st.sets(st.sampled_from(["acme", "bcme", "ccme"]), max_size=most_companies))
        was = [f"It is {letter}." for letter in "ab"[: draw(st.integers(0, 2))]]
        claims.append(
            claim(
                f"c{number}",
                text=draw(st.sampled_from(["It is c.", "It is a."])) if was != ["It is a."] else "It is c.",
                companies=sorted(companies),
                themes=[draw(st.sampled_from(["things", "rules"]))],
                retracted=draw(st.sampled_from([None, None, RETRACTED])),
                revisions=revisions(*was),
                supersedes=[f"c{number - 1}"] if number and draw(st.booleans()) else [],
            )
        )
    known = knowing(*claims)
    every = [(c.id, number) for c in claims for number in range(c.revision + 1)] + [("gone", 0)]
    seen = {revision: NOON + timedelta(days=draw(st.integers(-5, 2))) for revision in every if draw(st.booleans())}
    shown = draw(st.sets(st.sampled_from(every)))
    topics = st.builds(
        Topics,
        companies=st.sampled_from([(), ("acme",), ("acme", "bcme")]),
        words=st.sampled_from([(), ("so",), ("is",)]),
    )
    wanted = Wanted(
        draw(topics), draw(st.sampled_from([Topics(), Topics(themes=("rules",))])), draw(st.booleans()),
        draw(st.integers(1, 14)), nothing=draw(st.sampled_from(["skip", "archive"])),
    )  # fmt: skip
    since = NOON - timedelta(days=draw(st.integers(-1, 5)))
    return known, {"seen": seen, "shown": shown, "since": since, "due": NOON}, wanted


@given(histories())
def test_whatever_happened_only_what_may_be_told_is_told_once(drawn: tuple[Knowledge, dict[str, Any], Wanted]) -> None:
    known, window, wanted = drawn
    selection = choose(known, wanted, **window)
    told = [item.revision for item in selection.chosen]
    assert len(set(told)) == len(told) <= wanted.most
    assert not set(told) & window["shown"]
    for item in (*selection.chosen, *selection.left):
        assert known.claims[item.claim.id] is item.claim
        assert not item.claim.retracted
        assert matches(known, wanted, item.claim)
        assert window["seen"][item.revision] <= window["due"]
        assert item.kind != "archive" or not known.superseding(item.claim)
        assert item.was in ("", *item.claim.texts[:-1])
        assert item.was != item.claim.text
        assert bool(item.was) == (item.kind == "revised")
    assert not selection.left or len(selection.chosen) == wanted.most


@given(histories())
def test_each_new_revision_has_one_decision_and_all_that_match_are_in_or_left(
    drawn: tuple[Knowledge, dict[str, Any], Wanted],
) -> None:
    known, window, wanted = drawn
    selection = choose(known, wanted, **window)
    decided = [(one.claim, one.revision) for one in selection.decisions]
    new = {revision for revision, at in window["seen"].items() if window["since"] < at <= window["due"]}
    assert len(set(decided)) == len(decided)
    assert new <= set(decided)
    verdict = verdicts(selection)
    assert {r for r, v in verdict.items() if v == "in"} == {item.revision for item in selection.chosen}
    assert {r for r, v in verdict.items() if v == "over the number"} == {item.revision for item in selection.left}
    matching = {
        (c.id, c.revision)
        for c in known.claims.values()
        if (c.id, c.revision) in new and not c.retracted and matches(known, wanted, c)
    }
    told = {item.revision for item in (*selection.chosen, *selection.left)}
    assert matching - told <= {r for r, v in verdict.items() if v == "shown before"}
    assert all(reason(edition(known), one) for one in selection.decisions)


@given(histories(), st.randoms())
def test_the_order_in_which_things_are_known_changes_nothing(
    drawn: tuple[Knowledge, dict[str, Any], Wanted], chance: Any
) -> None:
    known, window, wanted = drawn
    seen = list(window["seen"].items())
    shown = list(window["shown"])
    chance.shuffle(seen)
    chance.shuffle(shown)
    assert choose(known, wanted, **window) == choose(known, wanted, **window | {"seen": dict(seen), "shown": shown})


@given(histories())
def test_whoever_waits_has_a_company_that_was_told_about_as_often_as_any(
    drawn: tuple[Knowledge, dict[str, Any], Wanted],
) -> None:
    known, window, wanted = drawn
    selection = choose(known, wanted, **window)

    def subjects(one: Claim) -> list[str]:
        return [*one.companies] or [f"theme {slug}" for slug in one.themes]

    told = Counter(subject for item in selection.chosen for subject in subjects(item.claim))
    for item in selection.left:
        assert max(told[subject] for subject in subjects(item.claim)) >= max(told.values()) - 1


@given(st.lists(st.integers(0, 8), min_size=1, max_size=6), st.integers(1, 30), st.booleans())
def test_companies_with_claims_enough_have_equal_shares(counts: list[int], most: int, archive: bool) -> None:
    claims = [claim(f"c{c}-{n}", companies=[f"c{c}"]) for c, count in enumerate(counts) for n in range(count)]
    known = knowing(claim("other", companies=["other"]), *claims)
    wanted = Wanted(most=most, nothing="archive")
    chosen = selected(known, wanted, old=current(known) if archive else ()).chosen
    shares = Counter(item.claim.companies[0] for item in chosen)
    waiting = [shares[f"c{c}"] for c, count in enumerate(counts) if shares[f"c{c}"] < count]
    assert not waiting or max(shares.values()) - min(waiting) <= 1


def test_day_after_day_everything_is_told_once_and_then_nothing() -> None:
    known = curated()
    shown: set[Revision] = set()
    told = []
    while items := selected(known, FILLED, old=current(known), shown=tuple(shown)).chosen:
        told += [item.revision for item in items]
        shown |= {item.revision for item in items}
    standing = [c for c in known.claims.values() if not c.retracted and not known.superseding(c)]
    assert sorted(told) == sorted((c.id, c.revision) for c in standing)


# What it looks like.


def test_a_digest_tells_its_items_by_kind_with_those_of_a_company_together() -> None:
    known = knowing(*(claim(f"{name}{n}", companies=[name]) for n in range(2) for name in ("acme", "bcme")))
    document = digest(known, selected(known, FILLED, old=(("acme0", 0),)))
    told = [s.claim for s in statements(*document.blocks)]
    assert sorted(told[:3]) == ["acme1", "bcme0", "bcme1"]
    assert abs(told.index("bcme0") - told.index("bcme1")) == 1
    assert told[3] == "acme0"
    assert document.summary == "3 new, 1 from the archive: Acme, Bcme."


def test_a_revised_item_tells_the_text_before_and_why() -> None:
    known = knowing(claim(text="It is b.", revisions=revisions("It is a.")))
    (said,) = statements(*digest(known, selected(known, ALL, old=(("claim", 0),))).blocks)
    assert said.text == "It is b."
    assert "better known · before: “It is a.”" in said.dateline


def test_headlines_keep_date_and_source_and_leave_the_rest_to_choices() -> None:
    known = knowing(claim(text="It is b.", revisions=revisions("It is a.")), claim("opinion", kind="opinion"))
    document = digest(known, selected(known, ALL, old=(("claim", 0),)), "headlines")
    lines = {s.claim: s.dateline for s in statements(*document.blocks)}
    assert lines == {"claim": "as of 2029", "opinion": "opinion of 2029 · Somebody"}
    assert [c.label for c in choices(document)] == ["Texts before", "Acme"]


def test_a_headline_says_if_it_is_outdated() -> None:
    known = knowing(claim("earlier"), claim("later", as_of="2030", supersedes=["earlier"]))
    lines = {s.claim: s.dateline for s in statements(*digest(known, layout="headlines").blocks)}
    assert lines == {"earlier": "as of 2029 · outdated by the claim as of 2030", "later": "as of 2030"}


@pytest.mark.parametrize(
    ("companies", "command"), [(["acme", "acme"], "/changes acme 897d"), (["acme", "bcme"], "/changes things 897d")]
)
def test_what_did_not_fit_is_one_choice_away(companies: list[str], command: str) -> None:
    claims = [claim(f"c{n}", companies=[slug]) for n, slug in enumerate(companies)]
    known = knowing(*claims, claim("first", companies=["zcme"], key="true"))
    document = digest(known, selected(known, Wanted(most=1)))
    assert "2 more changes did not fit and come in a later digest." in plain(document)
    assert choices(document)[0] == Choice("And 2 more", command)
    assert parse(command)


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (timedelta(seconds=59), None),
        (timedelta(minutes=1), "1 minute late"),
        (timedelta(minutes=40, seconds=59), "40 minutes late"),
        (timedelta(minutes=119), "119 minutes late"),
        (timedelta(hours=5, minutes=50), "5 hours late"),
        (timedelta(days=3), "3 days late"),
        (timedelta(seconds=-5), None),
    ],
)
def test_a_late_digest_says_how_late(late: timedelta, said: str | None) -> None:
    text = plain(digest(AIRSHIPS, late=late))
    assert f"This digest is {said}." in text if said else "late" not in text


def test_every_part_of_a_digest_ends_with_its_date_id_and_number() -> None:
    pages = paginate(digest(AIRSHIPS), replace(BUDGET, capacity=(20, 0, 0)))
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        assert page.page
        assert page.page.line == f"15 Jun 2033 · /why 7F3A2K9Q · part {number} of {len(pages)}"
        assert not any("page:" in choice.command for choice in choices(page))


def test_a_digest_in_one_part_ends_with_its_date_and_id() -> None:
    (page,) = paginate(digest(knowing(claim())), BUDGET)
    assert plain(page).endswith("15 Jun 2033 · /why 7F3A2K9Q")


def test_a_digest_of_nothing_is_not_made() -> None:
    with pytest.raises(ValueError, match="nothing_briefing"):
        digest(AIRSHIPS, Selection((), (), ()))
    with pytest.raises(ValueError, match="correction of nothing"):
        correction_briefing(edition(AIRSHIPS), imprint(), [])


def test_that_nothing_is_new_is_said_with_the_day() -> None:
    document = nothing_briefing(edition(AIRSHIPS), imprint(also=(Choice("Help", "/help"),)), date(2033, 6, 8))
    assert document.summary == "Nothing new since 8 Jun 2033."
    assert [c.command for c in choices(document)] == ["/help"]


def test_a_correction_tells_what_was_shown_when_and_why_it_no_longer_stands() -> None:
    wrong = claim(text="It is b.", revisions=revisions("It is a."), retracted=RETRACTED)
    document = correction_briefing(edition(knowing(wrong)), imprint(), [Correction(wrong, 0, TODAY)])
    (said,) = statements(*document.blocks)
    assert said.text == "Retracted: “It is a.”"
    assert said.dateline.startswith("shown here on 15 Jun 2033, retracted on 1 Mar 2031: it was wrong")
    assert said.citations == (1,)
    assert document.title == "Correction: Morning"
    assert document.summary == "1 claim that was shown here does not stand any more."


def test_a_claim_that_stands_cannot_be_corrected() -> None:
    with pytest.raises(ValueError, match="only a retracted one"):
        Correction(claim(), 0, TODAY)


def test_a_title_is_shown_as_one_short_line_and_never_empty() -> None:
    assert digest(AIRSHIPS, title="a\n\x1b[31m b").title == "a [31m b"
    assert len(digest(AIRSHIPS, title="x" * 500).title) == 80
    assert digest(AIRSHIPS, title=" ").title == "Digest"


@pytest.mark.parametrize("known", [AIRSHIPS, curated()], ids=["airships", "curated"])
def test_all_choices_of_digests_are_commands_that_are_answered(known: Knowledge) -> None:
    for document in every_digest(edition(known)):
        assert all(parse(choice.command) for choice in choices(document))


def test_records_as_large_as_they_may_be_fit_a_part() -> None:
    wide = "腾"
    sources = [
        source(f"s{n}", title=wide * 200, publisher=wide * 80, url="https://x.example/" + "y" * 280) for n in range(3)
    ]
    text = wide * 399 + "."
    largest = claim(
        text=text,
        attributed_to=wide * 80,
        sources=[s.id for s in sources],
        companies=[],
        revisions=revisions("a" + text[1:]),
    )
    known = Knowledge([], [theme("things")], sources, [largest])
    document = digest(known, selected(known, ALL, old=(("claim", 0),)), title=wide * 200)
    for platform in PLATFORMS:
        for page in paginate(document, renderer(platform).BUDGET):
            assert limits(platform).violations(renderer(platform).payload(page)) == []
