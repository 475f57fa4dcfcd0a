"""Public holidays by country; the only home of the library that knows them.

It takes a third of a second to import, so it is imported only when a country is named.
"""

import re
import unicodedata
from datetime import date
from functools import cache, lru_cache

from bot.typed import shown
from knowledge import nearest

MOST_COUNTRIES = 5


class InvalidCountries(Exception):
    """Says which countries cannot be used, with the values and the way out."""


def countries_of(written: str) -> str:
    """Reads ISO codes of countries, parted by commas, and returns them written alike, such as `CN, US`.

    Raises:
        InvalidCountries: there is no such country, with the first that there is not, or there are too many.
    """
    names = [name.strip() for name in unicodedata.normalize("NFKC", written).replace("、", ",").split(",")]
    if len(names) > MOST_COUNTRIES:
        raise InvalidCountries(f"{len(names)} countries are too many; {MOST_COUNTRIES} are the most")
    return ", ".join(dict.fromkeys(_code(name) for name in names if name))


def holiday_on(countries: str, day: date) -> str:
    """Returns what is celebrated on a local day in one of some countries, such as `National Day (CN)`, or nothing."""
    found = ((_holidays(code, day.year).get(day), code) for code in countries.replace(",", " ").split())
    return next((f"{name} ({code})" for name, code in found if name), "")


def _code(name: str) -> str:
    codes = _codes()
    if name.upper() in codes.values():
        return name.upper()
    folded = re.sub(r"[\W_]", "", name.casefold())
    near = codes.get(folded) or codes.get(nearest(folded, codes) or "")
    hint = f"did you mean {near}?" if near else "write two letters for each country, such as CN, US"
    raise InvalidCountries(f"no holidays are known of {shown(name)}; {hint}")


@cache
def _codes() -> dict[str, str]:
    """Returns the codes of two letters by name and by code of three letters, all without gaps and capitals."""
    from holidays.registry import COUNTRIES

    known: dict[str, str] = {}
    for name, (_, code, *others) in COUNTRIES.items():
        known |= {other.casefold(): code for other in (name.replace("_", ""), *others)}
    return known


@lru_cache(maxsize=256)
def _holidays(code: str, year: int) -> dict[date, str]:
    from holidays import country_holidays

    try:
        return dict(country_holidays(code, years=year, language="en_US"))
    except NotImplementedError:  # kept from before the library lost the country
        return {}
