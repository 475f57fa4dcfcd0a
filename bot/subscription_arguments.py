"""The arguments of the commands about subscriptions."""

from bot.field_values import LONGEST_TITLE, MOST_ITEMS, VALUES
from bot.ports import Argument, Kind


def _option(name: str, kind: Kind, summary: str, most: int = 200) -> Argument:
    return Argument(name, kind, summary, required=False, option=True, most=most, values=VALUES.get(name, ()))


FIELD_ARGUMENTS = (
    Argument("schedule", "schedule", "when: weekdays at 09:00, daily 8am and 6pm, or a cron", required=False),
    _option("zone", "zone", "the time zone: Asia/Shanghai"),
    _option("topics", "topics", "companies, themes, markets, words:TEXT, with commas; without, everything", 3_000),
    _option("except", "topics", "what is left out, written in the same way", 3_000),
    _option("match", "value", "any topic, or one of each kind that is given"),
    _option("title", "words", "what it is called", LONGEST_TITLE),
    _option("most", "words", f"how many items at most: 1 to {MOST_ITEMS}", 10),
    _option("layout", "value", "all details, or headlines"),
    _option("nothing", "value", "when nothing is new: no post, a line that says so, or older claims"),
    _option("catch_up", "words", "how late it may be posted: 30m, 6h, 2d, or 0", 20),
    _option("holidays", "words", "countries on whose holidays it is skipped: CN, US"),
    _option("policy", "value", "where it is unclear whether it arrived: leave it, or send it again"),
    _option("tags", "words", "tags of the post in a forum"),
    _option("edit", "id", "the id of the subscription that is changed", 40),
    _option("place", "id", "where to post, if not here"),
    _option("save", "id", "what was shown, as its button saves it", 40),
)
"""What `/subscribe` takes: the fields of a subscription, then what is done with them."""


ACTIONS = ("here", "all", "show", "pause", "resume", "remove", "preview", "now")
"""What can be done with subscriptions; without an id those here, or all, are listed."""

SURE = "yes"
"""Is given by whoever is sure to remove a subscription."""


ACTION_ARGUMENTS = (
    Argument("action", "value", "what is to be done", required=False, values=ACTIONS),
    Argument("id", "id", "the id of a subscription", required=False, most=40),
    Argument("sure", "id", f"{SURE}, to remove it", required=False, option=True, most=10),
)
"""What `/subscriptions` takes."""


def action_and_id(typed: str) -> list[str]:
    """Returns an action and an id; an id alone is shown."""
    first, _, rest = typed.partition(" ")
    return [first, rest] if rest or first.casefold() in ACTIONS else ["show", first]
