"""What we know: curated records, loaded and checked, and found by name."""

from knowledge.history import Change, as_of, changes_since
from knowledge.keys import Key
from knowledge.knowledge import Knowledge
from knowledge.load import load
from knowledge.model import Claim, Company, Figure, Source, Theme
from knowledge.names import Found, NameIndex, UnknownName
from knowledge.period import Period
from knowledge.pinyin import proposed_pinyin
from knowledge.problems import InvalidKnowledge, Problem, nearest

__all__ = [
    "Change",
    "Claim",
    "Company",
    "Figure",
    "Found",
    "InvalidKnowledge",
    "Key",
    "Knowledge",
    "NameIndex",
    "Period",
    "Problem",
    "Source",
    "Theme",
    "UnknownName",
    "as_of",
    "changes_since",
    "load",
    "nearest",
    "proposed_pinyin",
]
