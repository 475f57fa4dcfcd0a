"""Pinyin proposed for Chinese names, for a curator to confirm: it misreads characters with several readings."""

from importlib.util import find_spec


def proposed_pinyin(name: str) -> str | None:
    """Returns the syllables of a Chinese name, or None without the extra `[curate]`."""
    if find_spec("pypinyin") is None:
        return None
    from pypinyin import lazy_pinyin

    return " ".join(lazy_pinyin(name, errors="ignore"))
