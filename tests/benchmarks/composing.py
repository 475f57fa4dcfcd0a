"""From a request to the first page as a platform sends it: looking up, composing, paginating and rendering.

The product path is that of the adapters without the network: `Answers.answer`, `page_at`, `payload`. That is the text of
a pipe for the terminal, the blocks for Slack, and the components for Discord. From one request
to the next no page, no pagination and nothing rendered is kept; what is kept for a day is what a company's or theme's
answer says, in blocks, and what each block costs. So the rows repeat questions, and two ask where nothing is kept yet,
on a new day.
A usual answer is the median of every third company and theme of the curated file; a weighty one that of the five
weightiest of each, among them the hardest, which follow by themselves. Beside them Jinja alone writes the sentences and
sources of the same page, which it is given: on a slow machine the goals, which are times, are missed, the ratios stay.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import count
from statistics import median

from jinja2 import Environment

from bot.answer import Answers
from bot.platforms import renderer
from bot.ports import Reply, Request
from briefings.document import Document, statements
from briefings.paginate import page_at
from knowledge import Claim, Knowledge
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.measuring import Side, alone, each, in_turn, where
from tests.builders import claim, curated, knowing

MUST, STRETCH = 200e-6, 100e-6
WEIGHTIEST = 5
MANY = 10_000
ROUNDS = 7
TODAY = date(2026, 11, 1)
_TEMPLATE = Environment(autoescape=False).from_string(
    """{{ page.title }}
{% for said in statements %}{{ said.text }}{% for number in said.citations %} [{{ number }}]{% endfor %}
{{ said.dateline }}
{% endfor %}{% for source in page.sources %}[{{ source.number }}] {{ source.title }}
{{ source.publisher }} ({{ source.host }}), {{ source.published }}
{{ source.url }}
{% endfor %}"""
)
_FORMS = {"terminal": "text", "slack": "blocks", "discord": "components"}
_HARDEST = (("company", "tencent"), ("theme", "overseas-expansion"), ("company", "alibaba"))


def figures() -> Iterator[Figure]:
    """Yields a row a platform: usual answers, the weightiest, the hardest one by one, and a theme of 10^4 claims."""
    known, many = curated(), _many()
    answers = _answers(known)
    for told, asked in (("a usual answer", _usual(known)), ("a weighty answer", _weightiest(known))):
        for platform, form in _FORMS.items():
            yield _beside_jinja(
                f"compose + render page 1, {platform} {form}: {told}",
                [_first_page(answers, platform, kind, slug) for kind, slug in asked],
                [_by_jinja(answers, platform, kind, slug) for kind, slug in asked],
            )
    for kind, slug in _HARDEST:
        for platform in _FORMS:
            yield _row(f"/{kind} {slug}, {platform}", _first_page(answers, platform, kind, slug))
    days = count()
    anew = Answers(lambda: known, lambda: TODAY + timedelta(next(days)))
    yield _row("/company tencent, terminal, first asked", _first_page(anew, "terminal", "company", "tencent"))
    for platform in _FORMS:
        yield _row(f"10^4 claims on one theme, {platform}", _first_page(_answers(many), platform, "theme", "things"))
    anew = Answers(lambda: many, lambda: TODAY + timedelta(next(days)))
    yield _row("10^4 claims on one theme, terminal, first asked", _first_page(anew, "terminal", "theme", "things"))


def _answers(known: Knowledge) -> Answers:
    known.index()
    return Answers(lambda: known, lambda: TODAY)


def _usual(known: Knowledge) -> list[tuple[str, str]]:
    """Returns every third company and theme, in the order of the file."""
    return [*(("company", slug) for slug in known.companies), *(("theme", slug) for slug in known.themes)][::3]


def _weightiest(known: Knowledge) -> list[tuple[str, str]]:
    companies, themes = known.weightiest_companies[:WEIGHTIEST], known.weightiest_themes[:WEIGHTIEST]
    return [*(("company", one.slug) for one in companies), *(("theme", one.slug) for one in themes)]


def _first_page(answers: Answers, platform: str, kind: str, slug: str) -> Callable[[], object]:
    """Returns what makes the first page of an answer; it is made once, too, so that no refusal is measured."""
    form = renderer(platform)

    def page() -> object:
        return form.payload(_page(answers, platform, kind, slug))

    page()
    return page


def _by_jinja(answers: Answers, platform: str, kind: str, slug: str) -> Callable[[], object]:
    """Returns what writes the sentences and sources of the first page of an answer, which is there already."""
    page = _page(answers, platform, kind, slug)
    said = list(statements(*page.blocks))
    return lambda: _TEMPLATE.render(page=page, statements=said)


def _page(answers: Answers, platform: str, kind: str, slug: str) -> Document:
    reply = _reply(answers, Request(kind, {"name": slug}))
    if reply.outcome != "answered":
        raise ValueError(f"/{kind} {slug} is {reply.outcome}; ask what the file knows")
    return page_at(reply.document, renderer(platform).BUDGET, reply.page)


def _reply(answers: Answers, request: Request) -> Reply:
    """Returns the reply to what waits for nothing, without a loop, whose turns would be measured, too."""
    answering = answers.answer(request)
    try:
        answering.send(None)
    except StopIteration as done:
        reply: Reply = done.value
        return reply
    raise RuntimeError("the answer waits for something; measure it in a loop")


def _row(name: str, page: Callable[[], object]) -> Figure:
    return Figure(name, None, None, "product", "s", alone(Side(each(page)), ROUNDS))


def _beside_jinja(name: str, pages: Sequence[Callable[[], object]], floors: Sequence[Callable[[], object]]) -> Figure:
    """Returns the median of several pages and of their floors, and those of their quarters."""
    spreads = [in_turn(Side(each(a)), Side(each(b)), ROUNDS) for a, b in zip(pages, floors, strict=True)]
    product, floor, ratio = map(_median, zip(*spreads, strict=True))
    return Figure(name, MUST, STRETCH, "product", "s", product, "Jinja alone", floor, ratio, where(_each_of(pages), 10))


def _median(spreads: Sequence[Spread]) -> Spread:
    return Spread(*(median(getattr(one, side) for one in spreads) for side in ("median", "low", "high")))


def _each_of(pages: Sequence[Callable[[], object]]) -> Callable[[int], None]:
    def run(calls: int) -> None:
        for _ in range(calls):
            for page in pages:
                page()

    return run


def _many() -> Knowledge:
    """Returns a theme of 10^4 claims on 50 companies from 100 sources, of which every tenth outdates another."""
    return knowing(*map(_claim, range(MANY)))


def _claim(number: int) -> Claim:
    year = 2000 + number // 500
    return claim(
        f"c-{number}",
        f"Number {number} of all that is counted here was seen in {year}, in the place where it was looked for.",
        as_of=str(year),
        sources=(f"s{number % 100}",),
        companies=(f"c{number % 50}",),
        supersedes=(f"c-{number - 1}",) if number % 10 == 9 else (),
    )
