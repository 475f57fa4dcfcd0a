"""What people may ask of a subscription, drawn at random."""

from hypothesis import strategies as st

_NAMES = ("Zephyr", "ZPH", "Nimbus Lines", "company:stratos", "sightseeing", "theme:safety", "helium", "graustark")
_FILLERS = "\u115f\u1160\u3164\uffa0"
"""Letters that nobody sees: they are refused."""

_WORDS = st.text(
    st.characters(categories=("L", "N"), max_codepoint=0xFFFF, exclude_characters=_FILLERS), min_size=1, max_size=10
)
_TITLES = st.text(st.characters(exclude_categories=("C", "Z", "M", "Cs"), exclude_characters=_FILLERS), max_size=40)


def _joined(most: int) -> st.SearchStrategy[str]:
    topics = st.one_of(st.sampled_from(_NAMES), _WORDS.map("words:{}".format))
    return st.lists(topics, max_size=most).map(", ".join)


def wishes() -> st.SearchStrategy[dict[str, str]]:
    """Draws fields that can be used, most of them left out now and then."""
    return st.fixed_dictionaries(
        {
            "place": st.sampled_from(("slack:T1/C1", "slack:T2/@U1", "discord:1/2/3", "terminal:local/here")),
            "schedule": st.sampled_from(("weekdays at 09:00", "0 9 * * 1-5", "first monday of the month 10:00")),
            "zone": st.sampled_from(("Asia/Shanghai", "UTC", "America/Argentina/Buenos_Aires")),
            "topics": _joined(5),
        },
        optional={
            "title": _TITLES,
            "except": st.lists(_WORDS.map("words:not{}".format), max_size=3).map("，".join),
            "match": st.sampled_from(("any", "all")),
            "most": st.integers(1, 25).map(str),
            "layout": st.sampled_from(("full", "headlines")),
            "nothing": st.sampled_from(("skip", "say", "archive")),
            "catch_up": st.integers(0, 7 * 24 * 60).map("{}m".format),
            "holidays": st.sampled_from(("", "CN", "us, de")),
            "policy": st.sampled_from(("at_most_once", "at_least_once")),
            "tags": st.lists(st.sampled_from(("News", "新闻", "a:b", '"q"', "#1")), max_size=4).map(",".join),
        },
    )
