"""The types of the fields of records: what text each accepts, and in which words it is refused."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from knowledge.period import Period

SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
LANGUAGE_PATTERN = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
_TICKER = re.compile(r"[A-Za-z0-9-]{1,10}(\.[A-Za-z]{1,4})?")
_TRUTH = {"true": True, "false": False}


def _period(value: object) -> Period:
    if isinstance(value, Period):
        return value
    if not isinstance(value, str):
        raise ValueError("not a date; write one value, without list or mapping")
    return Period.parse(value)


def _day(value: object) -> object:
    if isinstance(value, str):
        if not _DAY.fullmatch(value):
            raise ValueError(f'"{value}" is not a day; write it as 2017-12-05')
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f'"{value}" is not in the calendar; correct the month or the day') from None
    return value


def _decimal(value: object) -> object:
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError(f'"{value}" is not a plain number; write 25 or 25.5, and the rest into unit or qualifier')
    return value


def _truth(value: object) -> object:
    if isinstance(value, str):
        if value not in _TRUTH:
            raise ValueError(f'"{value}" is neither true nor false; write one of them')
        return _TRUTH[value]
    return value


def ascii_host(host: str) -> str:
    """Returns a host in the ASCII form of RFC 3492, so that look-alike letters show."""
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _link(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        parts = urlsplit(value)
        host, _port = ascii_host(parts.hostname or ""), parts.port
    except ValueError:
        raise ValueError(f'"{value}" is not an address; correct it') from None
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        raise ValueError(f'"{value}" is not an http or https address; give the page that was read')
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address carries user-info before @; give it without")
    if not value.isprintable() or re.search(r"[\s<>\"\\^`{|}]", value):
        raise ValueError("the address holds a character that must be percent-encoded; encode it")
    netloc = parts.netloc if parts.netloc.isascii() else parts.netloc.replace(parts.hostname or "", host)
    return parts._replace(netloc=netloc).geturl()


def _ticker(value: object) -> object:
    if isinstance(value, str) and not _TICKER.fullmatch(value):
        raise ValueError(f'"{value}" is not a ticker; write its code, or code.exchange as in 0700.HK')
    return value


_EDITORS_TEXT = {"type": ["string", "number"]}  # an editor's YAML reads 0700 as a number, ours as text
Slug = Annotated[
    str,
    Field(pattern=SLUG_PATTERN, max_length=50, description="lower-case words joined by hyphens"),
]
CompanySlug = Annotated[Slug, Field(max_length=22)]  # three of them fit a command with its page
Name = Annotated[str, Field(min_length=1, max_length=80), WithJsonSchema(_EDITORS_TEXT)]
Ticker = Annotated[Name, BeforeValidator(_ticker)]
Line = Annotated[str, Field(min_length=1, max_length=200)]
Sentence = Annotated[str, Field(min_length=1, max_length=400)]
Day = Annotated[date, BeforeValidator(_day)]
When = Annotated[
    Period,
    PlainValidator(_period),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "description": "2017, 2017-12 or 2017-12-05; with ? if inferred",
        }
    ),
]
Number = Annotated[
    Decimal,
    Field(max_digits=30),
    BeforeValidator(_decimal),
    WithJsonSchema({"type": ["number", "string"], "description": "exact"}),
]
Truth = Annotated[bool, BeforeValidator(_truth)]
Link = Annotated[str, Field(max_length=300), BeforeValidator(_link)]
Short = Annotated[str, Field(min_length=1, max_length=30)]
Language = Annotated[str, Field(pattern=LANGUAGE_PATTERN, description="BCP 47: en, zh-Hans")]
