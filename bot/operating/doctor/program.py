"""Which version this is, and whether its libraries are those that it was tried with."""

import platform
import re
from collections.abc import Iterator, Mapping
from importlib import metadata, resources
from pathlib import Path

from bot.findings import Finding, not_tried, ok, wrong

_PIN = re.compile(r"^([\w.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def program(lock: str | None = None) -> Iterator[Finding]:
    """Yields the versions of the program, of Python and of libraries, by the lock that comes with it or another."""
    yield ok("version", f"briefbot {metadata.version('briefbot')} on Python {platform.python_version()}")
    text = _lock() if lock is None else lock
    if not text:
        yield not_tried("libraries", "deploy/requirements.lock is not here", "install by it, as the image does")
        return
    drifted = [
        f"{name} {has}, not {pin}" for name, pin in pins(text).items() if (has := _installed(name)) not in ("", pin)
    ]
    if drifted:
        way_out = "install by deploy/requirements.lock, as the image does"
        yield wrong("libraries", f"not those that it was tried with: {', '.join(drifted)}", way_out)
    else:
        yield ok("libraries", "those that it was tried with")


def pins(lock: str) -> Mapping[str, str]:
    """Returns the version of each library of a lock."""
    return dict(_PIN.findall(lock))


def _lock() -> str:
    """Returns the lock: of a clone, or else the one that the distribution brought along."""
    of_clone = Path(str(resources.files("bot"))).parent / "deploy/requirements.lock"
    if of_clone.is_file():
        return of_clone.read_text()
    return metadata.distribution("briefbot").read_text("extra_metadata/requirements.lock") or ""


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""  # for another system, or an engine that is not used
