"""The arguments of commands that take many."""

from bot.ports import Argument, Kind
from bot.subscribing.field_values import LONGEST_TITLE, MOST_ITEMS, VALUES


def option(name: str, kind: Kind, summary: str, most: int = 200) -> Argument:
    """Returns an argument that is typed as `name:value`, and may be left out."""
    return Argument(name, kind, summary, required=False, option=True, most=most, values=VALUES.get(name, ()))


FIELD_ARGUMENTS = (
    Argument("schedule", "schedule", "when, such as weekdays at 09:00, daily 8am and 6pm, or a cron", required=False),
    option("zone", "zone", "the time zone, such as Asia/Shanghai"),
    option("topics", "topics", "companies, themes, markets, words:TEXT, with commas; without, everything", 3_000),
    option("except", "topics", "what is left out, written in the same way", 3_000),
    option("match", "value", "any topic, or one of each kind that is given"),
    option("title", "words", "what it is called", LONGEST_TITLE),
    option("most", "words", f"how many items at most: 1 to {MOST_ITEMS}", 10),
    option("layout", "value", "all details, or headlines"),
    option("nothing", "value", "when nothing is new: no post, a line that says so, or older claims"),
    option("catch_up", "words", "how late it may be posted, such as 30m, 6h or 2d, or 0", 20),
    option("holidays", "words", "countries on whose holidays it is skipped, such as CN, US"),
    option("policy", "value", "where it is unclear whether it arrived: leave it, or send it again"),
    option("tags", "words", "tags of the post in a forum"),
    option("edit", "id", "the id of the subscription that is changed", 40),
    option("place", "id", "where to post, if not here"),
    option("save", "id", "what was shown, as its button saves it", 40),
)
"""What `/subscribe` takes: the fields of a subscription, then what is done with them."""


ACTIONS = ("here", "all", "show", "pause", "resume", "remove", "preview", "now")
"""What can be done with subscriptions; without an id those here, or all, are listed."""

SURE = "yes"
"""Is given by whoever is sure to remove a subscription."""


ACTION_ARGUMENTS = (
    Argument("action", "value", "what is to be done", required=False, values=ACTIONS),
    Argument("id", "id", "the id of a subscription", required=False, most=40),
    Argument("sure", "id", f"{SURE}, to remove it", required=False, option=True, most=10, values=(SURE,)),
)
"""What `/subscriptions` takes."""


def action_and_id(typed: str) -> list[str]:
    """Returns an action and an id; an id alone is shown."""
    first, _, rest = typed.partition(" ")
    return [first, rest] if rest or first.casefold() in ACTIONS else ["show", first]
