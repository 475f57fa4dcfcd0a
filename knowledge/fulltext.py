"""Finding claims by the words that they say, in memory; the only home of SQLite on this floor.

SQLite's FTS5 knows no Chinese words, so runs of Chinese characters are cut into pairs before they are indexed: a word
of two characters is one pair, a longer one a phrase of pairs.
"""

from collections.abc import Iterable
from functools import cache

from knowledge.folding import has_han, tokens
from knowledge.model import Claim

Indexed = tuple[Claim, Iterable[str], Iterable[str]]
"""A claim, the names that it goes under, and what its sources are called."""

RANKED = "SELECT rowid FROM claims WHERE claims MATCH ? ORDER BY bm25(claims, 4.0, 2.0, 1.0), rowid"


def query_of(words: str) -> str:
    """Returns what was typed in FTS5's query language, or nothing if it holds no word."""
    return " AND ".join(_term(parts) for word in words.split() if (parts := tokens(word)))


class FullText:
    """Holds the words of claims, of the names that they belong to and of their sources."""

    def __init__(self, texts: Iterable[Indexed]) -> None:
        import sqlite3  # most answers never ask for it

        self._claims: list[Claim] = []
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute("CREATE VIRTUAL TABLE claims USING fts5(text, names, sources, tokenize = unicode61)")
        rows: list[tuple[int, str, str, str]] = []
        cut_once = cache(_cut_word)  # most words stand in many texts

        @cache  # as do most names and sources
        def cut(text: str) -> str:
            return " ".join(map(cut_once, text.split()))

        for claim, names, sources in texts:
            rows.append((len(rows), cut(claim.text), " ".join(map(cut, names)), " ".join(map(cut, sources))))
            self._claims.append(claim)
        self._index.executemany("INSERT INTO claims (rowid, text, names, sources) VALUES (?, ?, ?, ?)", rows)

    def __del__(self) -> None:
        self._index.close()  # a connection refers to itself, so its memory would wait for the cycle collector

    def search(self, words: str) -> list[Claim]:
        """Returns the claims under which all the words stand, best first; what the text says weighs most.

        A Latin word is met by its beginning, so that game finds games, and e-commerce is met as ecommerce as well.
        """
        query = query_of(words)
        return [self._claims[row[0]] for row in self._index.execute(RANKED, (query,))] if query else []


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _pieces(parts: list[str]) -> list[str]:
    return [piece for part in parts for piece in (_pairs(part) if has_han(part) else [part])]


def _cut_word(word: str) -> str:
    """Returns the pieces of one written word, and for one of several Latin parts the whole as well."""
    parts = tokens(word)
    if any(map(has_han, parts)):
        parts = _pieces(parts)
    elif len(parts) > 1:
        parts.append("".join(parts))
    return " ".join(parts)


def _term(parts: list[str]) -> str:
    """Returns one written word as FTS5's query language writes it; quoted, so that nothing typed is syntax."""
    last = parts[-1]
    begun = len(last) == 1 if has_han(last) else len(last) > 1 and not last.isdecimal()
    return f'"{" ".join(_pieces(parts))}"' + ("*" if begun else "")
