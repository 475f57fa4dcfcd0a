"""Text to search keys: what a person types and what a curator wrote become the same letters."""

import re
import unicodedata
from functools import cache

import opencc

# Latin diacritics only: in other scripts marks are letters.
_DIACRITICS = re.compile("[\u0300-\u036f]")
_HAN_RANGES = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA, _HANGUL = "\u3040-\u30ff", "\uac00-\ud7a3"
_SCRIPTS = f"[{_HAN_RANGES}]+|[{_KANA}]+|[{_HANGUL}]+|[^{_HAN_RANGES}{_KANA}{_HANGUL}]+"
_ASCII = {point: chr(point).lower() if chr(point).isalnum() else " " for point in range(128)} | {ord("'"): None}
_ASCII_KEY = {point: None if folded == " " else folded for point, folded in _ASCII.items()}
_POSSESSIVE = re.compile(r"['’]s\b", re.IGNORECASE)
# fmt: off
_LEGAL_FORMS = frozenset((
    "ag", "co", "company", "corp", "corporation", "gmbh", "group", "holding", "holdings", "inc", "incorporated",
    "limited", "llc", "ltd", "nv", "plc", "pte", "pty", "sa", "se",
))
# fmt: on
_HAN_LEGAL_FORMS = ("股份有限公司", "有限责任公司", "有限公司", "集团", "控股", "公司")


@cache
def _parts() -> re.Pattern[str]:
    return re.compile(_SCRIPTS)  # not for an answer that searches nothing: it takes as long as the answer


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _simplified(text: str) -> str:
    for _ in range(4):  # a few characters are simplified in steps
        simpler = _simplifier().convert(text)
        if simpler == text:
            break
        text = simpler
    return text


# Compared, not matched: to compile a class of so many characters takes longer than all that is folded at a start.
def _is_one_han(c: str) -> bool:
    return "\u3400" <= c <= "\u9fff" or "\uf900" <= c <= "\ufaff" or "\U00020000" <= c <= "\U0003ffff"


def _is_plain_han(c: str) -> bool:
    """Whether a character is a Chinese one that has no other form but the simplified one."""
    return "\u3400" <= c <= "\u4dbf" or "\u4e00" <= c <= "\u9fff"


def is_han(text: str) -> bool:
    """Returns whether the text is Chinese characters throughout."""
    return bool(text) and all(map(_is_one_han, text))


def has_han(text: str) -> bool:
    """Returns whether the text holds a Chinese character."""
    return not text.isascii() and max(text) >= "\u3400" and any(map(_is_one_han, text))


def folded_words(text: str) -> list[str]:
    """Returns the words of a text as search keys see them.

    Compatibility forms, case and width are folded (NFKC and case folding, Unicode TR 15 and TR 21), Latin
    diacritics dropped, traditional Chinese made simplified, and all but letters and digits taken for gaps.
    """
    if text.isascii():
        return text.translate(_ASCII).split()
    if all(map(_is_plain_han, text)):  # not the empty text, which is ASCII
        return [_simplified(text)]
    text = unicodedata.normalize("NFKC", text).casefold()
    if not text.isascii():
        text = _DIACRITICS.sub("", unicodedata.normalize("NFD", text))
        text = unicodedata.normalize("NFKC", text)
        if has_han(text):
            text = _simplified(text)
    text = re.sub("['’]", "", text)  # Single's Day, Singles' Day
    return "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in text).split()


def fold(text: str) -> str:
    """Returns the search key of a text: its folded words without gaps."""
    return text.translate(_ASCII_KEY) if text.isascii() else "".join(folded_words(text))


def without_legal_form(text: str) -> str | None:
    """Returns the search key of a name without closing words such as Holdings or 集团, or None if nothing changes."""
    words = folded_words(text)
    kept = list(words)
    while len(kept) > 1 and kept[-1] in _LEGAL_FORMS:
        kept.pop()
    key = "".join(kept)
    if has_han(key):
        key = _without_han_legal_form(key)
    return key if key != "".join(words) and len(key) > 1 and key not in _HAN_LEGAL_FORMS else None


def _without_han_legal_form(key: str) -> str:
    shorter = True
    while shorter:
        shorter = False
        for form in _HAN_LEGAL_FORMS:
            if key.endswith(form) and len(key) >= len(form) + 2:
                key, shorter = key.removesuffix(form), True
    return key


def initials(text: str) -> str | None:
    """Returns the first letters of a name of several Latin words (teng xun: tx), or None."""
    words = folded_words(text)
    if len(words) < 2 or not all(word[0].isascii() and word[0].isalpha() for word in words):
        return None
    return "".join(word[0] for word in words)


def ticker_variants(ticker: str) -> set[str]:
    """Returns the other keys of a ticker: without its exchange, and a number with and without leading zeros.

    `0700.HK` is met as 700, 0700 and 00700, each with and without HK.
    """
    words = folded_words(ticker)
    codes = {words[0]} if words else set()
    if words and words[0].isdecimal():
        number = words[0].lstrip("0") or "0"
        codes |= {number, number.zfill(4), number.zfill(5)}
    suffix = "".join(words[1:])
    return codes | {code + suffix for code in codes}


def tokens(text: str) -> list[str]:
    """Returns the folded words of a text, parted where the script changes, without a possessive 's."""
    words = folded_words(_POSSESSIVE.sub("", text))
    if text.isascii():  # of one script throughout
        return words
    return [token for word in words for token in _parts().findall(word) if any(map(str.isalnum, token))]
