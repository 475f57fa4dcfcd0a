"""The records of the knowledge file, frozen, and every rule about one record."""

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from knowledge.fields import (
    CompanySlug,
    Day,
    Language,
    Line,
    Link,
    Name,
    Number,
    Sentence,
    Short,
    Slug,
    Ticker,
    Truth,
    When,
    ascii_host,
)

Rule = tuple[tuple[int | str, ...], str]
"""The place of a field in its record, and what is wrong there."""


class BrokenRules(ValueError):
    """Carries the rules that a record breaks."""

    def __init__(self, rules: list[Rule]) -> None:
        self.rules = rules
        super().__init__("; ".join(f"{location[0]}: {message}" for location, message in rules))


class Record(BaseModel):
    """Is one frozen entry; it cannot be built against its rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _obey(self) -> "Record":
        broken = list(self._broken_rules())
        if broken:
            raise BrokenRules(broken)
        return self

    def _broken_rules(self) -> Iterator[Rule]:
        """Yields what the schema cannot say."""
        yield from ()


class Names(Record):
    """Holds the names that readers see."""

    en: Name
    zh: Name | None = None


class Aliases(Record):
    """Holds search keys by kind; a weak one only suggests, it never answers."""

    name: tuple[Name, ...] = ()
    product: tuple[Name, ...] = ()
    ticker: tuple[Ticker, ...] = Field((), description="a code, or code.exchange: 0700.HK")
    former: tuple[Name, ...] = ()
    legal: tuple[Name, ...] = ()
    pinyin: tuple[Name, ...] = Field((), description="syllables apart: teng xun")
    weak: tuple[Name, ...] = ()


class Company(Record):
    """Describes a company: what it is called and how it is found. What it is, a claim says (`about`)."""

    slug: CompanySlug
    names: Names
    aliases: Aliases = Aliases()
    home: Slug = Field(description="the market it is at home in, as claims name it, or the word foreign")
    about: Slug | None = Field(None, description="id of the claim that says what the company is")

    @property
    def foreign(self) -> bool:
        """True where it is here only because sources compare with it."""
        return self.home == "foreign"


class Theme(Record):
    """Describes a theme: what it is called and one line of ours on what belongs to it."""

    slug: Slug
    names: Names
    aliases: tuple[Name, ...] = ()
    line: Line = Field(description="what belongs here, in our words; shown as ours")
    section: Literal["regulation"] | None = Field(
        None, description="where a company's answer puts the facts of this theme, if not by market"
    )


class Source(Record):
    """Describes a publication that claims rest on."""

    id: Slug
    title: Line
    author: Line | None = None
    publisher: Name
    url: Link
    published: When | None = None
    published_note: Line | None = Field(None, description="what is known of the date, where it is not printed")
    accessed: Day = Field(description="when it was read for this file")
    language: Language
    reliability: Line = Field(description="a caution for whoever relies on it")
    shows: Line = Field(description="what it is evidence of")

    @cached_property
    def host(self) -> str:
        """The host of its address, in the ASCII form of RFC 3492 where it has other letters."""
        return ascii_host(urlsplit(self.url).hostname or "")

    def _broken_rules(self) -> Iterator[Rule]:
        if self.published is None and self.published_note is None:
            yield ("published",), "no date and no published_note; give the date, or say what is known of it"
        if self.published and self.published.first > self.accessed:
            yield (
                ("accessed",),
                f"{self.accessed} is before it was published ({self.published}); correct one of the two",
            )


class Figure(Record):
    """Holds one exact number of a claim."""

    value: Number
    unit: Name
    what: Name
    qualifier: Short | None = Field(None, description="over, about, at least")


class Revision(Record):
    """Records one change of a claim's text."""

    on: Day
    was: Sentence = Field(description="the text before")
    why: Line


class Retraction(Record):
    """Records that a claim no longer stands."""

    on: Day
    why: Line


class Claim(Record):
    """States one thing in one sentence of ours, dated, with its sources."""

    id: Slug
    text: Sentence
    kind: Literal["fact", "forecast", "opinion"]
    as_of: When = Field(description="the date for which it holds, not the date of reading")
    attributed_to: Name | None = Field(None, description="who said so; needed for forecasts and opinions")
    sources: tuple[Slug, ...] = Field(min_length=1, max_length=3)
    companies: tuple[Slug, ...] = Field((), max_length=50)
    themes: tuple[Slug, ...] = Field((), max_length=20)
    markets: tuple[Slug, ...] = Field((), max_length=20)
    figures: tuple[Figure, ...] = Field((), max_length=10)
    key: Truth = Field(default=False, description="belongs in the brief")
    added: Day
    revisions: tuple[Revision, ...] = Field((), description="oldest first")
    supersedes: tuple[Slug, ...] = Field(
        (), max_length=20, description="earlier claims that this one contradicts or outdates"
    )
    retracted: Retraction | None = None

    @property
    def revision(self) -> int:
        """How many times its text was revised."""
        return len(self.revisions)

    @property
    def texts(self) -> tuple[str, ...]:
        """Its texts by revision, today's at the end."""
        return (*(revision.was for revision in self.revisions), self.text)

    @property
    def changed(self) -> date:
        """The day of its last revision, or on which it was added."""
        return self.revisions[-1].on if self.revisions else self.added

    def _broken_rules(self) -> Iterator[Rule]:
        if not self.text.endswith((".", "!", "?", "。", "！", "？", ".”", "。”", '."')):
            yield ("text",), "does not end like a sentence; end it with a full stop, and quote a text that holds #"
        if self.kind != "fact" and self.attributed_to is None:
            yield ("attributed_to",), f"missing in a claim of kind {self.kind}; name who said so"
        if not self.companies and not self.themes:
            yield ("themes",), "neither a company nor a theme, so nobody would find it; give at least one"
        for field in ("sources", "companies", "themes", "markets", "supersedes"):
            values = getattr(self, field)
            if len(set(values)) < len(values):
                for value in sorted({value for value in values if values.count(value) > 1}):
                    yield (field,), f'"{value}" stands twice; keep one'
        yield from self._dates_out_of_order()

    def _dates_out_of_order(self) -> Iterator[Rule]:
        if self.as_of.first > self.added:
            yield (
                ("as_of",),
                f"{self.as_of} lies after the day it was added ({self.added}); correct one of the two",
            )
        before, name = self.added, "added"
        for number, revision in enumerate(self.revisions):
            if revision.on < before:
                yield (
                    ("revisions", number, "on"),
                    f"{revision.on} is before {name} ({before}); list the oldest first",
                )
            before, name = revision.on, "the revision above"
        if self.retracted and self.retracted.on < before:
            yield ("retracted", "on"), f"{self.retracted.on} is before {name} ({before}); correct one of the two"
        for number, (was, then) in enumerate(pairwise(self.texts)):
            if was == then:
                yield (
                    ("revisions", number, "was"),
                    "the same text as after the revision; give the text before it",
                )


class KnowledgeFile(Record):
    """Is what one YAML file of the knowledge folder may hold."""

    model_config = ConfigDict(defer_build=True)  # only its schema is ever asked for

    companies: tuple[Company, ...] = ()
    themes: tuple[Theme, ...] = ()
    sources: tuple[Source, ...] = ()
    claims: tuple[Claim, ...] = ()
