"""Sentences from templates; the only home of Jinja2, and of Paragraph and Note."""

import re
import sys
import unicodedata
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, FileSystemBytecodeCache, StrictUndefined
from jinja2.bccache import Bucket

from briefings.document import NoClaim, Note, Paragraph, Span
from knowledge import Figure, Period

_TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = frozenset(folder.name for folder in _TEMPLATES.iterdir())
MOST_ECHOED = 80
"""Characters of a reader's own text that an answer repeats."""

_BEFORE = "what is set before the macros"
_HERE = "\0"
"""Stands for a place in a sentence until it is made a span of its own."""

MOST_MARKS = 2
"""Combining marks in a row that an echo keeps."""

_MACRO = re.compile(r"{% macro (\w+)\(.*?{%-? endmacro %}", re.DOTALL)
_LABEL = re.compile(r"{% macro \w+\(\) %}([^{]*){% endmacro %}")
"""A macro that is nothing but its words."""


class _Compiled(FileSystemBytecodeCache):
    """Keeps compiled macros beside their template where that may be written to, as Python keeps its modules."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps a macro; without, it is compiled again the next time."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                Path(self.directory).mkdir(exist_ok=True)
                super().dump_bytecode(bucket)


class _Macros:
    """Holds the macros of a template, each compiled at its first use: all at once would be a quarter of a start.

    What is set before the first is there for all of them.
    """

    def __init__(self, folder: Path) -> None:
        template = (folder / "sentences.j2").read_text("utf-8")
        self._sources = {macro[1]: macro[0] for macro in _MACRO.finditer(template)}
        self._environment = Environment(
            loader=DictLoader({_BEFORE: template[: template.index("{% macro")], **self._sources}),
            bytecode_cache=_Compiled(str(folder / "__pycache__"), "%s.j2c"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # noqa: S701  plain text: each renderer escapes for its platform
        )
        set_before = self._environment.get_template(_BEFORE).module
        macros = {name: partial(self._said, name) for name in self._sources}
        self._known = {**self._environment.globals, **vars(set_before), **macros}

    def __getattr__(self, name: str) -> Any:
        if name not in self._sources:
            raise AttributeError(f"there is no macro {name}")
        label = _LABEL.fullmatch(self._sources[name])
        macro = self._compiled(name) if label is None else lambda: label[1]
        setattr(self, name, macro)
        return macro

    def _compiled(self, name: str) -> Any:
        template = self._environment.get_template(name)
        return getattr(template.make_module(self._known, shared=True), name)

    def _said(self, name: str, *values: Any, **named: Any) -> Any:
        return getattr(self, name)(*values, **named)


class Words:
    """Says things in one language, from the macros of `templates/<language>/sentences.j2`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._macros = _Macros(_TEMPLATES / language)
        self._labels: dict[str, str] = {}

    def text(self, macro: str, **values: Any) -> str:
        """Returns one sentence or label, on one line."""
        if values:
            return _one_line(getattr(self._macros, macro)(**values))
        if macro not in self._labels:  # nothing goes into it, so it is always the same
            self._labels[macro] = _one_line(getattr(self._macros, macro)())
        return self._labels[macro]

    def paragraph(self, macro: str, **values: Any) -> Paragraph:
        """Returns a sentence as a paragraph."""
        return Paragraph((Span(self.text(macro, **values)),))

    def labelled(self, label: str, text: str, *, citations: tuple[int, ...] = ()) -> Paragraph:
        """Returns a paragraph of a strong label, itself a macro, and a text."""
        return Paragraph((Span(self.text(label), "strong"), Span(f" {text}")), citations)

    def placed(self, macro: str, place: str, label: str = "", **values: Any) -> Paragraph:
        """Returns a sentence in which a place or a person stands, after a strong label if there is one."""
        before, _, after = self.text(macro, place=_HERE, **values).partition(_HERE)
        strong = (Span(self.text(label), "strong"), Span(" ")) if label else ()
        return Paragraph((*strong, *(one for one in (Span(before), Span(place, "place"), Span(after)) if one.text)))

    def usage(self, command: str, summary: str) -> Paragraph:
        """Returns a paragraph that says what a command does."""
        return Paragraph((Span(command, "code"), Span(f" {summary}")))

    def note(self, macro: str, **values: Any) -> Note:
        """Returns a sentence as small print."""
        return Note(self.text(macro, **values))

    def no_claim(self) -> NoClaim:
        """Returns what stands where no claim says anything."""
        return NoClaim(self.text("no_sourced_claim"))

    def date(self, period: Period) -> str:
        """Returns a period as readers write it, in the precision that it has."""
        return self.text("date", period=period)

    def figure(self, figure: Figure) -> str:
        """Returns an exact number with its qualifier and unit."""
        return self.text("figure", figure=figure, number=f"{figure.value:,}")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def words_in(language: str) -> Words:
    """Returns the words of a language, in English where we have none."""
    return _words(language if language in LANGUAGES else "en")


@cache
def _words(language: str) -> Words:
    return Words(language)


def echo(typed: str, most: int = MOST_ECHOED) -> str:
    """Returns a reader's own text fit to be shown again: one line of visible characters, at most 80 or so many."""
    shown: list[str] = []
    marks = 0
    for character in typed[: most * 2]:
        category = unicodedata.category(character)
        marks = marks + 1 if category[0] == "M" else 0
        if category in ("Cc", "Zl", "Zp", "Zs"):
            shown.append(" ")
        elif category[0] != "C" and marks <= MOST_MARKS:
            shown.append(character)
    line = " ".join("".join(shown).split())
    return line if len(line) <= most else line[: most - 1] + "…"
