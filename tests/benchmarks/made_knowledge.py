"""Made-up knowledge of any size, in the proportions of the curated one, whose words it borrows."""

import random
import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from knowledge import Claim, Company, Knowledge, Source, Theme, proposed_pinyin
from knowledge.folding import fold
from tests.builders import curated

Values = dict[str, Any]

_ONSETS = (
    "b",
    "c",
    "d",
    "f",
    "g",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "qu",
    "r",
    "s",
    "t",
    "v",
    "w",
    "x",
    "z",
    "st",
    "br",
)
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ou", "ia")
_CODAS = ("", "", "", "n", "r", "s", "l", "ng", "x")
_WORDS = ("Cloud", "Games", "Robotics", "Pay", "Motors", "Foods", "Media", "Maps", "Express", "Music")
_FORMS = ("Holdings", "Group", "Technology Co., Ltd.", "Inc.")
_COMMON_HAN = [bytes((row, cell)).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFF)]
_EXCHANGES = (("HK", 4), ("SZ", 6), ("SH", 6))


def companies(names: int) -> list[Company]:
    """Returns companies that go by so many names and aliases in all, a few more at most; the same ones every time."""
    return [Company.model_validate(values) for values in _companies(names)]


def names_of(company: Company) -> Iterator[str]:
    """Yields the names of a company that readers type in full: those in Latin and Chinese, of products and of law."""
    yield from filter(None, (company.names.en, company.names.zh))
    for kind in ("name", "product", "former", "legal"):
        yield from getattr(company.aliases, kind)


def known(size: int) -> Knowledge:
    """Returns knowledge of so many names and so many claims, with half as many sources."""
    made, themes, sources, claims = _records(size)
    return Knowledge(
        map(Company.model_validate, made),
        map(Theme.model_validate, themes),
        map(Source.model_validate, sources),
        map(Claim.model_validate, claims),
    )


def written(folder: Path, size: int) -> Path:
    """Writes the same as a folder of files, as a curator writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    made, themes, sources, claims = _records(size)
    _write(folder / "companies.yaml", {"companies": made, "themes": themes})
    for number, begin in enumerate(range(0, size, 1000)):
        some = {"sources": sources[begin // 2 : begin // 2 + 500], "claims": claims[begin : begin + 1000]}
        _write(folder / f"claims-{number}.yaml", some)
    return folder


def _records(size: int) -> tuple[list[Values], list[Values], list[Values], list[Values]]:
    made, themes = list(_companies(size)), [_theme(number) for number in range(40)]
    sources = list(islice(_sources(), size // 2))
    return made, themes, sources, list(islice(_claims(made, sources, themes), size))


def _companies(names: int) -> Iterator[Values]:
    dice = random.Random(8)
    taken: set[str] = set()
    while names > 0:
        values = _company(dice, taken)
        aliases: dict[str, list[str]] = values["aliases"]
        names -= 1 + len(values["names"]) + sum(map(len, aliases.values()))
        yield values


def _company(dice: random.Random, taken: set[str]) -> Values:
    """Returns a company with as many names of each kind as the curated ones have, all of them its own."""

    def own(*names: str) -> list[str]:
        free = [name for name in names if fold(name) not in taken]
        taken.update(map(fold, free))
        return free

    en = next(name for name in iter(lambda: _latin(dice), None) if own(name))
    zh = next(name for name in iter(lambda: _han(dice), None) if own(name))
    aliases = {
        "name": own(_latin(dice)) if dice.random() < 0.7 else [],
        "product": own(*(dice.choice((_latin, _product, _han))(dice) for _ in range(dice.choice((1, 2, 3))))),
        "ticker": own(_ticker(dice)) if dice.random() < 0.85 else [],
        "former": own(_latin(dice)) if dice.random() < 0.1 else [],
        "legal": own(f"{en} {dice.choice(_FORMS)}") if dice.random() < 0.67 else [],
        "pinyin": own(proposed_pinyin(zh) or ""),
        "weak": [zh[:2]] if dice.random() < 0.36 else [],
    }
    aliases = {kind: names for kind, names in aliases.items() if names}
    return {"slug": _slug(en), "names": {"en": en, "zh": zh}, "aliases": aliases, "home": "china"}


def _slug(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower())[:22]


def _latin(dice: random.Random) -> str:
    syllables = (
        dice.choice(_ONSETS) + dice.choice(_VOWELS) + dice.choice(_CODAS) for _ in range(dice.choice((2, 2, 3)))
    )
    return "".join(syllables).title()


def _product(dice: random.Random) -> str:
    return f"{_latin(dice)} {dice.choice(_WORDS)}"


def _han(dice: random.Random) -> str:
    return "".join(dice.choice(_COMMON_HAN) for _ in range(dice.choice((2, 3, 4, 4))))


def _ticker(dice: random.Random) -> str:
    exchange, digits = dice.choice(_EXCHANGES)
    return f"{dice.randrange(10**digits):0{digits}}.{exchange}"


def _theme(number: int) -> Values:
    return {"slug": f"theme-{number}", "names": {"en": f"Theme {number}"}, "line": "What belongs to it."}


def _sources() -> Iterator[Values]:
    said = _sentences([source.title for source in curated().sources.values()], 60)
    for number, title in enumerate(said):
        yield {
            "id": f"source-{number}",
            "title": title,
            "publisher": f"Publisher {number % 90}",
            "url": f"https://publisher-{number % 90}.example/2030/page-{number}.html",
            "published": "2030-01-01",
            "accessed": "2031-01-01",
            "language": "en",
            "reliability": "A trade magazine on its own page, read in full.",
            "shows": "What the company said of its business abroad.",
        }


def _claims(companies: Sequence[Values], sources: Sequence[Values], themes: Sequence[Values]) -> Iterator[Values]:
    dice = random.Random(9)
    said = _sentences([claim.text for claim in curated().claims.values()], 140)
    for number, text in enumerate(said):
        company = dice.choice(companies)
        optional: Values = {
            "attributed_to": "Somebody Who Knows" if number % 2 else None,
            "markets": [f"market-{dice.randrange(30)}"] if number % 5 else None,
            "figures": [{"value": str(dice.randrange(1000)), "unit": "percent", "what": "share"}]
            if number % 2
            else None,
        }
        yield {
            "id": f"claim-{number}",
            "text": f"{company['names']['en']} {text}.",
            "kind": "fact",
            "as_of": f"20{dice.randrange(10, 30)}-{dice.randrange(1, 13):02}",
            "sources": [dice.choice(sources)["id"]],
            "companies": [company["slug"]],
            "themes": sorted({dice.choice(themes)["slug"], dice.choice(themes)["slug"]}),
            **{name: value for name, value in optional.items() if value},
            "added": "2031-01-01",
        }


def _sentences(texts: Sequence[str], letters: int) -> Iterator[str]:
    """Yields texts of about so many letters, in which words follow each other as in those given."""
    dice = random.Random(10)
    following: dict[str, list[str]] = {}
    words = re.findall(r"[A-Za-z]+", " ".join(texts))
    for word, then in pairwise(words):
        following.setdefault(word, []).append(then)
    while True:
        text = word = dice.choice(words[:-1])
        while len(text) < letters:
            word = dice.choice(following.get(word, words))
            text += f" {word}"
        yield text


def _write(path: Path, sections: dict[str, list[Values]]) -> None:
    lines = [
        line
        for section, records in sections.items()
        for line in (f"{section}:", *(line for record in records for line in (*_lines(record), "")))
    ]
    path.write_text("\n".join(lines), encoding="utf-8")


def _lines(record: Values) -> Iterator[str]:
    for number, (key, value) in enumerate(record.items()):
        if key == "aliases":
            yield "    aliases:"
            yield from (f"      {kind}: {_flow(names)}" for kind, names in value.items())
        else:
            yield f"  {'  ' if number else '- '}{key}: {_flow(value)}"


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return f'"{value}"' if "," in str(value) else str(value)
