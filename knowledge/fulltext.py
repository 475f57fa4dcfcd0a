"""Finding claims by the words that they say, in memory; the only home of SQLite on this floor.

SQLite's FTS5 knows no Chinese words, so runs of Chinese characters are cut into pairs before they are indexed: a word
of two characters is one pair, a longer one a phrase of pairs.
"""

import sqlite3
from collections.abc import Iterable

from knowledge.folding import has_han, tokens
from knowledge.model import Claim

Indexed = tuple[Claim, str, str]
"""A claim, the names that it goes under, and what its sources are called."""


class FullText:
    """Holds the words of claims, of the names that they belong to and of their sources."""

    def __init__(self, texts: Iterable[Indexed]) -> None:
        self._claims: list[Claim] = []
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute("CREATE VIRTUAL TABLE claims USING fts5(text, names, sources, tokenize = unicode61)")
        rows: list[tuple[int, str, str, str]] = []
        for claim, names, sources in texts:
            rows.append((len(rows), _cut(claim.text), _cut(names), _cut(sources)))
            self._claims.append(claim)
        self._index.executemany("INSERT INTO claims (rowid, text, names, sources) VALUES (?, ?, ?, ?)", rows)

    def search(self, words: str) -> list[Claim]:
        """Returns the claims under which all the words stand, best first: in the text before names and sources.

        A Latin word is met by its beginning, so that game finds games.
        """
        query = " AND ".join(map(_term, tokens(words)))
        if not query:
            return []
        rows = self._index.execute(
            "SELECT rowid FROM claims WHERE claims MATCH ? ORDER BY bm25(claims, 4.0, 2.0, 1.0), rowid", (query,)
        )
        return [self._claims[row[0]] for row in rows]


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _cut(text: str) -> str:
    return " ".join(" ".join(_pairs(token)) if has_han(token) else token for token in tokens(text))


def _term(token: str) -> str:
    """Returns one word as FTS5's query language writes it; quoted, so that nothing typed is syntax."""
    if has_han(token):
        return f'"{" ".join(_pairs(token))}"' + ("*" if len(token) == 1 else "")
    return f'"{token}"*'
