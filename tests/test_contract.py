"""The contract of every renderer, for every document; a new platform is taken up by itself."""

import asyncio
from collections.abc import Iterator
from itertools import combinations, groupby, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.answer import Answers
from bot.commands import MENU
from bot.platforms import PLATFORMS, limits, renderer
from bot.questions import USUAL_DAYS
from briefings.changes import changes_briefing
from briefings.company import company_briefing
from briefings.compare import compare_briefing
from briefings.directory import companies_briefing, themes_briefing
from briefings.document import (
    Block,
    Break,
    Choice,
    Choices,
    Document,
    Fact,
    Facts,
    Heading,
    NoClaim,
    Note,
    Page,
    Paragraph,
    Row,
    SourceEntry,
    Span,
    Statement,
    Table,
    choices,
    statements,
)
from briefings.edition import Edition
from briefings.help import help_briefing, refusal, unknown_briefing
from briefings.measure import shortened
from briefings.naming import record_choice
from briefings.paginate import paginate
from briefings.search import Filters, search_briefing
from briefings.source import source_briefing
from briefings.spot import spot_briefing
from briefings.theme import theme_briefing
from briefings.timeline import timeline_briefing
from knowledge import Knowledge, Period, as_of
from tests.builders import airships, claim, company, curated, edition, every_digest, source, theme
from tests.discord_views import view_of
from tests.subscription_documents import every_subscription_document

CURATED = edition(curated())


def every_document(at: Edition, pairs: int) -> Iterator[Document]:
    """Yields every document that a knowledge can produce; of the comparisons so many."""
    known = at.knowledge
    companies = list(known.companies.values())
    for one in companies:
        yield company_briefing(at, known.company_names.find(one.slug))
        yield timeline_briefing(at, one)
        yield unknown_briefing(at, "company", one.names.en, [record_choice(at, one)])
    for subject in known.themes.values():
        yield theme_briefing(at, known.theme_names.find(subject.slug))
        yield search_briefing(at, subject.names.en, Filters(theme=subject))
    yield from (source_briefing(at, one) for one in known.sources.values())
    yield from (make(at) for make in (companies_briefing, themes_briefing))
    yield changes_briefing(at, None, min(claim.added for claim in known.claims.values()), USUAL_DAYS)
    yield help_briefing(
        at, [(command.item.usage, command.item.summary) for command in MENU], [Choice("/help", "/help")]
    )
    yield spot_briefing(at, companies)
    yield compare_briefing(at, companies[:3])
    then = Period.parse("2031-06" if "zephyr" in known.companies else "2020")
    past = Edition(as_of(known, then), then.last, at.words, at.names)
    for one in companies[:12]:
        yield company_briefing(past, known.company_names.find(one.slug), then)
    for subject in list(known.themes.values())[:12]:
        yield theme_briefing(past, known.theme_names.find(subject.slug), then)
    yield refusal(at, "fault", title="T", id="1234abcd")
    yield from every_digest(at)
    yield from every_subscription_document(at)
    yield from (compare_briefing(at, pair) for pair in islice(combinations(companies, 2), pairs))


def neutral(document: Document) -> Document:
    """Returns a document of the same shape in which every text is the same harmless word."""
    word = "x"

    def said(one: Statement) -> Statement:
        return replace(one, text=word, dateline=word)

    def cell(one: Statement | NoClaim) -> Statement | NoClaim:
        return said(one) if isinstance(one, Statement) else NoClaim(word)

    def block(one: Block) -> Block:
        match one:
            case Heading():
                return Heading(word)
            case Note():
                return Note(word)
            case Paragraph(spans):
                named = (span if span.style == "place" else replace(span, text=word) for span in spans)
                return replace(one, spans=tuple(named))
            case Statement():
                return said(one)
            case Facts(rows):
                return Facts(tuple(Fact(word, said(row.value)) for row in rows))
            case Table(columns, table_rows):
                return Table(
                    (word,) * len(columns), tuple(Row(word, tuple(map(cell, row.cells))) for row in table_rows)
                )
            case Choices(_, some):
                return Choices(word, tuple(Choice(word, c.command, c.detail and word) for c in some))
        return one

    sources = (replace(e, id=word, title=word, publisher=word, host=word, published=word) for e in document.sources)
    page = document.page and replace(document.page, line=word)
    return replace(
        document, title=word, summary=word, blocks=tuple(map(block, document.blocks)), sources=tuple(sources), page=page
    )


def texts(document: Document) -> Iterator[str]:
    """Yields every text of a page that a reader must see, sentences with their marks; labels of controls apart."""
    for block in document.blocks:
        match block:
            case Heading(text) | Note(text):
                yield text
            case Paragraph(spans):
                for is_named, some in groupby(spans, lambda span: span.style == "place"):
                    if not is_named:  # a place or a person has another name on each platform
                        yield "".join(span.text for span in some)
            case Facts(rows):
                yield from (row.label for row in rows)
            case Table(columns, table_rows):
                yield from columns
                for row in table_rows:
                    yield row.label
                    yield from (cell.text for cell in row.cells if isinstance(cell, NoClaim))
    for statement in statements(*document.blocks):
        yield statement.text + "".join(f" [{number}]" for number in statement.citations)
        yield statement.dateline
    yield from (shortened(entry.publisher, 60).rstrip("…") for entry in document.sources)
    yield from (f"({entry.host})" for entry in document.sources)
    yield from ([document.page.line] if document.page else [])
    yield shortened(document.title, 100).rstrip("…")


def check_keeps_the_contract(platform: str, document: Document) -> None:
    """Checks that all pages are valid, that nothing is lost and that citations stay with their sentences."""
    pages = paginate(document, renderer(platform).BUDGET)
    for number, page in enumerate(pages, 1):
        payload = renderer(platform).payload(page)
        assert limits(platform).violations(payload) == []
        assert limits(platform).entities(payload) == limits(platform).entities(
            renderer(platform).payload(neutral(page))
        )
        shown = squeezed(limits(platform).shown(payload))
        for text in texts(page):
            assert squeezed(text) in shown
        assert limits(platform).commands(payload) >= {choice.command for choice in choices(page)}
        if document.command and number < len(pages):
            assert f"{document.command} page:{number + 1}" in limits(platform).commands(payload)
    told = [statement.claim for page in pages for statement in statements(*page.blocks)]
    assert told == [statement.claim for statement in statements(*document.blocks)]
    assert {c.command for c in choices(document)} <= {c.command for page in pages for c in choices(page)}


def squeezed(text: str) -> str:
    """Returns a text without gaps and code marks, which platforms set in their own way."""
    return "".join(text.split()).replace("`", "").replace("'", "")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("at", [edition(airships()), CURATED], ids=["airships", "curated"])
def test_every_document_of_the_knowledge_keeps_the_contract(platform: str, at: Edition) -> None:
    for document in every_document(at, pairs=30):
        check_keeps_the_contract(platform, document)


@pytest.mark.long
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_pair_of_companies_compared_keeps_the_contract(platform: str) -> None:
    companies = list(CURATED.knowledge.companies.values())
    for pair in combinations(companies, 2):
        check_keeps_the_contract(platform, compare_briefing(CURATED, pair))


# Texts as records may hold them: visible, on one line, within the lengths of the schema.
ALPHABETS = [
    "abc def",
    "腾讯控股有限公司",
    "🙂🚀👍🏽",
    "مرحبا שלום",
    "é ñ ß",
    "w" * 30,
    "*_`~|<>[]()#@:/\\-+.1&",
    "हिन्दी ไทย",
]


def text(most: int) -> st.SearchStrategy[str]:
    return (
        st.lists(st.sampled_from("".join(ALPHABETS)), min_size=1, max_size=most)
        .map("".join)
        .map(lambda drawn: " ".join(drawn.split()) or "x")
    )


statement = st.builds(
    lambda said, dateline, numbers: Statement(said, tuple(sorted(numbers)), dateline, "claim", 0),
    text(400), text(120), st.sets(st.integers(1, 4), min_size=1, max_size=3),
)  # fmt: skip
choice = st.builds(
    lambda label, n, detail: Choice(label, f"/company c{n}", detail),
    text(160),
    st.integers(0, 60),
    st.one_of(st.just(""), text(80)),
)
cell = st.one_of(statement, st.just(NoClaim("no sourced claim")))
block: st.SearchStrategy[Block] = st.one_of(
    st.builds(Heading, text(100)),
    st.builds(lambda said: Paragraph((Span(said), Span("strong", "strong"), Span("code", "code"))), text(300)),
    st.builds(Note, text(300)),
    statement,
    st.builds(lambda rows: Facts(tuple(Fact(*row) for row in rows)), st.lists(st.tuples(text(80), statement), min_size=1, max_size=5)),
    st.builds(lambda rows: Table(("One", "Two"), tuple(Row(label, cells) for label, cells in rows)),
              st.lists(st.tuples(text(80), st.tuples(cell, cell)), min_size=1, max_size=4)),
    st.builds(lambda title, some: Choices(title, tuple(some)), text(40), st.lists(choice, min_size=1, max_size=60)),
)  # fmt: skip
entries = st.tuples(*(
    st.builds(lambda title, publisher, published, n=n: SourceEntry(n, f"s{n}", title, publisher, "h.example", published, f"https://h.example/{n}_(x)"),
              text(200), text(80), text(200))
    for n in range(1, 5)
))  # fmt: skip
random_document = st.builds(
    lambda title, blocks, sources: Document(title, title, "/company c", tuple(blocks), sources),
    text(160), st.lists(block, max_size=14), entries,
)  # fmt: skip


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=60)
@given(document=random_document)
def test_any_document_keeps_the_contract(platform: str, document: Document) -> None:
    check_keeps_the_contract(platform, document)


@pytest.mark.long
@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=5_000)
@given(document=random_document)
def test_many_more_documents_keep_the_contract(platform: str, document: Document) -> None:
    check_keeps_the_contract(platform, document)


MENTIONS = ["@everyone", "@here", "<!channel>", "<!here>", "<!everyone>", "<!subteam^S1>", "<@U123>", "<@U123|x>", "<#C123>", "<#C123|x>",
            "<@123>", "<@!123>", "<@&123>", "<#123>", "</company:123>", "<id:home>", "<:smile:123>", "<a:smile:123>", ":smile:", ":tada:"]  # fmt: skip
LINKS = ["https://evil.example", "<https://evil.example>", "<https://evil.example|Tencent>", "[Tencent](https://evil.example)",
         "[Tencent](<https://evil.example>)", "[x](https://evil.example \"t\")", "![x](https://evil.example/a.png)", "http://evil.example/?a=1&b=2",
         "mailto:a@evil.example", "discord://x", "slack://open", "<mailto:a@evil.example|x>", "www.evil.example", "https://evil.example/)",
         "<tel:123>", "[1]", "[1](x)", "](https://evil.example)"]  # fmt: skip
MARKUP = ["*x*", "**x**", "_x_", "__x__", "~x~", "~~x~~", "`x`", "```x```", "||x||", "> x", ">>> x", "# x", "## x", "-# x", "- x", "* x", "1. x",
          "+ x", "***x***", "\\", "\\*x*", "x_y_z", "a*b*c", "`", "``", "```", "|", "||", "~", "_", "*", "<", ">", "&", "&lt;", "&amp;", "<t:1>",
          "<t:1700000000:R>", "<!date^1^{date}|x>", "&#60;!channel&#62;"]  # fmt: skip
PAYLOADS = [
    f"{before}{payload}{after}"
    for payload in (*MENTIONS, *LINKS, *MARKUP)
    for before, after in (("", ""), ("a ", " b"), ("\\", ""))
]


def test_the_corpus_has_over_200_payloads() -> None:
    assert len(set(PAYLOADS)) > 200


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_in_any_field_becomes_a_mention_a_link_or_markup(platform: str, payload: str) -> None:
    said = Statement(payload, (1,), payload, "claim", 0)
    blocks: list[Block] = [
        Heading(payload), Paragraph((Span(payload), Span(payload, "strong"), Span(payload, "code"))), Note(payload), said,
        Facts((Fact(payload, said),)), Table((payload, payload), (Row(payload, (said, NoClaim(payload))),)),
        Choices(payload, (Choice(payload, "/company a", payload),)), Choices(payload, (Choice(payload, "/company b"),)),
        Choices(payload, tuple(Choice(payload, f"/company c{n}", payload) for n in range(9))),
    ]  # fmt: skip
    sources = (SourceEntry(1, "s", payload, payload, payload, payload, "https://h.example/1"),)
    for one in blocks:
        document = Document(payload, payload, "/help", (one, said), sources, Page(1, 1, payload))
        made = renderer(platform).payload(document)
        assert limits(platform).entities(made) == limits(platform).entities(
            renderer(platform).payload(neutral(document))
        )
        assert limits(platform).violations(made) == []
        assert squeezed(payload) in squeezed(limits(platform).shown(made))


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("character", ["x", "腾", "*", "_"])
def test_records_as_large_as_they_may_be_keep_the_contract(platform: str, character: str) -> None:
    """Every field at its longest, three companies compared, three sources a claim."""
    sources = [
        source(f"s{n}", title=character * 200, publisher=character * 80, published=None, published_note=character * 200,
               url="https://x.example/" + "y" * 280)
        for n in range(9)
    ]  # fmt: skip
    slugs = [f"{letter * 22}" for letter in "abc"]
    companies = [company(slug, f"{character * 70}{slug[:9]}", about=f"of-{slug}") for slug in slugs]
    claims = [
        claim(f"of-{slug}", text=character * 399 + ".", attributed_to=character * 80, companies=[slug], themes=["things"],
              sources=[s.id for s in sources[n * 3 : n * 3 + 3]],
              figures=[{"value": "9" * 30, "unit": character * 80, "what": character * 80, "qualifier": character * 30}])
        for n, slug in enumerate(slugs)
    ]  # fmt: skip
    at = edition(Knowledge(companies, [theme("things")], sources, claims))
    for document in (
        compare_briefing(at, companies),
        *(company_briefing(at, at.knowledge.company_names.find(slug)) for slug in slugs),
        theme_briefing(at, at.knowledge.theme_names.find("things")),
        source_briefing(at, sources[0]),
        companies_briefing(at),
    ):
        for page in paginate(document, renderer(platform).BUDGET):
            assert limits(platform).violations(renderer(platform).payload(page)) == []


@given(st.text(max_size=60), st.booleans(), st.booleans(), st.booleans())
def test_no_search_makes_a_page_that_cannot_be_turned(words: str, theme: bool, since: bool, until: bool) -> None:
    core = Answers(lambda: CURATED.knowledge, lambda: CURATED.today)
    options = [
        o for o, on in (("theme:overseas", theme), ("since:2001-01-01", since), ("until:2030-12-31", until)) if on
    ]
    reply = asyncio.run(core.answer_line(" ".join(["/search", words, *options])))
    for platform in PLATFORMS:
        for page in paginate(reply.document, renderer(platform).BUDGET):
            assert limits(platform).violations(renderer(platform).payload(page)) == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_can_be_saved_stands_on_the_first_page(platform: str) -> None:
    for document in every_subscription_document(CURATED):
        if document.title.startswith(("Subscribe", "Change")):
            first = paginate(document, renderer(platform).BUDGET)[0]
            assert choices(document)[0] in choices(first)


def test_a_page_of_discord_is_filled_before_it_is_turned() -> None:
    budget = renderer("discord").BUDGET
    assert len(paginate(companies_briefing(CURATED), budget)) == 1
    assert len(paginate(spot_briefing(CURATED, list(CURATED.knowledge.companies.values())), budget)) == 1
    for slug in CURATED.knowledge.companies:
        document = company_briefing(CURATED, CURATED.knowledge.company_names.find(slug))
        pages = paginate(document, budget)
        brief = document.blocks.index(Break()) if Break() in document.blocks else len(document.blocks)
        told = [s.claim for s in statements(*document.blocks[:brief])]
        assert [s.claim for page in pages[:2] for s in statements(*page.blocks)][: len(told)] == told
        assert all(list(statements(*page.blocks)) for page in pages if document.sources), slug


def test_slack_has_a_plain_fallback_for_tables() -> None:
    document = compare_briefing(CURATED, list(CURATED.knowledge.companies.values())[:2])
    page = paginate(document, renderer("slack").BUDGET)[0]
    usual, conservative = renderer("slack").payload(page), renderer("slack").payload(page, conservative=True)
    assert "table" in {one["type"] for one in usual["blocks"]}
    assert {one["type"] for one in conservative["blocks"]} <= {"header", "rich_text", "context", "actions", "divider"}
    assert limits("slack").violations(conservative) == []
    for said in statements(*page.blocks):
        assert said.text in limits("slack").shown(conservative)


def test_choices_that_stand_there_already_make_no_page_of_discord_larger_than_it_was_counted() -> None:
    def some(*numbers: int, detailed: int = 0) -> Choices:
        offered = (Choice("A", f"/company a{n}", "a detail" * (n == detailed)) for n in numbers)
        return Choices(f"T{numbers[0]}", tuple(offered))

    shown = (some(1, 2, 3, 4, 5), some(6, 7, 8, detailed=7), some(9, 7, 10, 11, 4, detailed=11))
    blocks = [block for choices_ in shown for block in (Note("N"), choices_)]
    document = Document("T", "S", "/help", (*blocks, Note("N"), *(Heading("H") for _ in range(7))))
    for page in paginate(document, renderer("discord").BUDGET):
        assert limits("discord").violations(renderer("discord").payload(page)) == []


def test_discords_own_counts_agree_with_ours() -> None:
    for document in every_document(CURATED, pairs=5):
        for page in paginate(document, renderer("discord").BUDGET):
            view = view_of(renderer("discord").components(page))
            assert view.content_length() <= 4000
            assert view.total_children_count <= 40


def test_the_same_command_twice_is_one_control() -> None:
    twice = Choices("x", (Choice("a", "/company a"), Choice("b", "/company a")))
    document = Document("T", "S", "/help", (twice, replace(twice, title="y")))
    for platform in PLATFORMS:
        assert limits(platform).violations(renderer(platform).payload(document)) == []
