"""What is offered as somebody types: companies, themes and words in a search, values in a field of a form."""

from typing import Any

from bot.platforms.slack import limits
from bot.platforms.slack.messages import option, options
from bot.platforms.slack.views import FIELD, form_of
from bot.ports import Core
from briefings.document import MOST_COMMAND, Choice
from briefings.measure import length

Body = dict[str, Any]
MOST_SUGGESTIONS = 20


def typed_ahead(core: Core, body: Body) -> Body:
    """Returns what Slack shows below what somebody types."""
    typed = " ".join(str(body.get("value", "")).split())
    action = str(body.get("action_id", ""))
    if action.startswith(FIELD):
        return _of_field(core, form_of(body), action.removeprefix(FIELD), typed)
    line = f"/search {typed}"
    return options(
        {
            "Companies": core.suggest("company", "name", typed, MOST_SUGGESTIONS),
            "Themes": core.suggest("theme", "name", typed, MOST_SUGGESTIONS),
            "Words": [Choice(f"Claims with “{typed}”", line)] if typed and length(line) <= MOST_COMMAND else [],
        }
    )


def _of_field(core: Core, command: str, argument: str, typed: str) -> Body:
    """Returns values; of several topics also what is typed, for one may be words that no name has."""
    offered = core.suggest(command, argument, typed, MOST_SUGGESTIONS)
    values = {choice.command.removeprefix(f"/{command} "): choice.label for choice in offered}
    kinds = {a.name: a.kind for item in core.menu if item.name == command for a in item.arguments}
    if kinds.get(argument) == "topics" and typed:
        values.setdefault(typed, f"“{typed}”")
    fitting = [option(label, value) for value, label in values.items() if 0 < length(value) <= limits.OPTION_VALUE]
    return {"options": fitting}
