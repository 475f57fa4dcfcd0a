"""MENU: every command on one page."""

from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace

from bot import questions
from bot.arguments import ACTION_ARGUMENTS, FIELD_ARGUMENTS, action_and_id, option
from bot.command import Command
from bot.misused import Misused
from bot.ports import Argument, MenuItem, Request
from briefings.document import Choice, Document
from briefings.edition import Edition
from briefings.help import help_briefing
from knowledge import Company, Knowledge, Theme


def _help(edition: Edition, _: Mapping[str, str]) -> Document:
    usages = [(edition.as_typed(command.item.usage), command.item.summary) for command in MENU]
    lines = examples(edition.knowledge)[:MOST_EXAMPLES]
    return help_briefing(edition, usages, [Choice(edition.as_typed(line), line) for line in lines])


def _first(records: Sequence[Company] | Sequence[Theme]) -> str | None:
    return records[0].names.en if records else None


def _two(records: Sequence[Company]) -> str | None:
    return ", ".join(record.names.en for record in records[:2]) if len(records) > 1 else None


MOST_EXAMPLES = 5
UMBRELLA = "briefing"
"""The one command by which all others can be reached, where a platform has no room for their own names."""

_AS_OF = option("as_of", "date", "the answer as it could be given then: 2018, 2018-01 or 2018-01-31")
_NAME = "a name, product, ticker or former name, in English, Chinese or pinyin"


def _chinese(simplified: str, traditional: str) -> dict[str, str]:
    return {"zh-CN": simplified, "zh-TW": traditional}


MENU = (
    Command(
        MenuItem(
            "company",
            "What is known of a company: a brief, then every claim.",
            (Argument("name", "company", _NAME), _AS_OF),
            summaries=_chinese("一家公司的已知情况：先摘要，后逐条陈述。", "一家公司的已知情況：先摘要，後逐條陳述。"),
        ),
        questions.company,
        lambda knowledge: _first(knowledge.weightiest_companies),
    ),
    Command(
        MenuItem(
            "theme",
            "What is known of a theme, across companies, newest first.",
            (Argument("name", "theme", "a theme, in English or Chinese"), _AS_OF),
            summaries=_chinese("一个主题的已知情况，跨公司，最新的在前。", "一個主題的已知情況，跨公司，最新的在前。"),
        ),
        questions.theme,
        lambda knowledge: _first(knowledge.weightiest_themes),
    ),
    Command(
        MenuItem(
            "compare",
            "Two or three companies side by side.",
            (
                Argument("a", "company", "the first company"),
                Argument("b", "company", "the second company", required=False),
                Argument("c", "company", "a third company", required=False),
            ),
            summaries=_chinese("并排比较两三家公司。", "並排比較兩三家公司。"),
        ),
        questions.compare,
        lambda knowledge: _two(knowledge.weightiest_companies),
        questions.split_names,
        ", ",
    ),
    Command(
        MenuItem(
            "search",
            "Claims by their words, in English or Chinese.",
            (
                Argument("words", "words", "what to look for", required=False, most=60),
                option("theme", "theme", "only this theme"),
                option("company", "company", "only this company"),
                option("market", "market", "only this market"),
                option("kind", "kind", "only facts, forecasts or opinions"),
                option("since", "date", "holding for then or later: 2018, 2018-01 or 2018-01-31"),
                option("until", "date", "holding for then or earlier"),
            ),
            aliases=("find",),
            summaries=_chinese("按词语查找陈述，中英文均可。", "按詞語查找陳述，中英文均可。"),
        ),
        questions.search,
        lambda knowledge: _first(knowledge.weightiest_themes),
    ),
    Command(
        MenuItem(
            "changes",
            "What was added, revised or retracted lately.",
            (
                Argument("name", "name", "only this company or theme", required=False),
                Argument("days", "days", "how far back: 30d", required=False),
            ),
            summaries=_chinese("近期新增、修订或撤回的内容。", "近期新增、修訂或撤回的內容。"),
        ),
        questions.changes,
        lambda _: "",
        questions.split_period,
    ),
    Command(
        MenuItem(
            "timeline",
            "What is known of a company or theme, year by year.",
            (Argument("name", "name", "a company or a theme"),),
            summaries=_chinese("一家公司或一个主题的逐年情况。", "一家公司或一個主題的逐年情況。"),
        ),
        questions.timeline,
        lambda knowledge: _first(knowledge.weightiest_companies),
    ),
    Command(
        MenuItem(
            "spot",
            "The companies that a text names.",
            (Argument("text", "text", "any text, pasted", most=20_000),),
            summaries=_chinese("一段文字中提到的公司。", "一段文字中提到的公司。"),
        ),
        questions.spot,
        lambda knowledge: _two(knowledge.weightiest_companies),
    ),
    Command(
        MenuItem(
            "companies",
            "All companies, with their claims counted.",
            summaries=_chinese("全部公司及其陈述数量。", "全部公司及其陳述數量。"),
        ),
        questions.companies,
        lambda _: "",
    ),
    Command(
        MenuItem(
            "themes",
            "All themes, with their claims counted.",
            summaries=_chinese("全部主题及其陈述数量。", "全部主題及其陳述數量。"),
        ),
        questions.themes,
        lambda _: "",
    ),
    Command(
        MenuItem(
            "source",
            "What a source is, and every claim that rests on it.",
            (Argument("id", "source", "the id of a source"),),
            summaries=_chinese("一个来源的说明，以及依据它的全部陈述。", "一個來源的說明，以及依據它的全部陳述。"),
        ),
        questions.source,
        lambda knowledge: knowledge.weightiest_source,
    ),
    Command(
        MenuItem(
            "subscribe",
            "Digests for this place: at which times, about what.",
            FIELD_ARGUMENTS,
            summaries=_chinese("为此处订阅简报：何时、关于什么。", "為此處訂閱簡報：何時、關於什麼。"),
            form=True,
            managing=True,
        ),
        None,
    ),
    Command(
        MenuItem(
            "subscriptions",
            "What is posted here and when, and what came of it.",
            ACTION_ARGUMENTS,
            summaries=_chinese("此处的订阅：内容、时间与结果。", "此處的訂閱：內容、時間與結果。"),
        ),
        None,
        split=action_and_id,
    ),
    Command(
        MenuItem(
            "why",
            "Why something was in a digest or not, and what became of it.",
            (Argument("id", "id", "the id at the foot of a digest", required=False, most=40),),
            summaries=_chinese("为何某条内容在或不在某期简报中。", "為何某條內容在或不在某期簡報中。"),
        ),
        None,
    ),
    Command(
        MenuItem("help", "Examples, and this list.", summaries=_chinese("示例，以及本列表。", "範例，以及本列表。")),
        _help,
    ),
)
_BY_NAME = {name: command for command in MENU for name in (command.item.name, *command.item.aliases)}


def command_named(name: str) -> Command | None:
    """Returns the command of a name or alias."""
    return _BY_NAME.get(name)


def names_outside(reserved: Collection[str]) -> dict[str, str]:
    """Returns other names for the commands whose own are reserved: an alias, else the name after `UMBRELLA`."""
    items = (command.item for command in MENU if command.item.name in reserved)
    return {item.name: item.name_outside(reserved) or f"{UMBRELLA} {item.name}" for item in items}


def examples(knowledge: Knowledge) -> list[str]:
    """Returns a runnable line for each command that has an example in this knowledge."""
    lines = ((command.item.name, command.example(knowledge)) for command in MENU)
    return [f"/{name} {example}".rstrip() for name, example in lines if example is not None]


def checked(item: MenuItem, request: Request) -> Request:
    """Returns a request whose arguments are those that the command takes, each present and of bearable length.

    Raises:
        Misused: one is missing or too long.
    """
    arguments = {argument.name: request.arguments.get(argument.name, "").strip() for argument in item.arguments}
    for argument in item.arguments:
        typed = arguments[argument.name]
        if argument.required and not typed:
            raise Misused("missing", item, usage=item.usage, command=f"/{item.name}")
        if len(typed) > argument.most:
            raise Misused("too_long", item, name=argument.name, length=len(typed), most=argument.most)
    return replace(request, command=item.name, arguments=arguments)
