"""Whether the declared file of subscriptions can be used."""

from collections.abc import Sequence
from pathlib import Path

from bot.findings import Finding, ok, trouble
from bot.store.values import Subscription
from bot.subscribing.file import InvalidSubscriptions, read
from knowledge import Knowledge


def declared(file: Path, knowledge: Knowledge, stored: Sequence[Subscription]) -> Finding:
    """Returns how the file stands that BRIEFBOT_SUBSCRIPTIONS names."""
    about = "BRIEFBOT_SUBSCRIPTIONS"
    try:
        entries = read(file.read_bytes(), file.name, knowledge, stored)
    except OSError as error:
        return trouble(about, f"{file} cannot be read: {error.strerror}; correct the path, or let it be read")
    except InvalidSubscriptions as invalid:
        more = f" (and {len(invalid.problems) - 1} more)" if invalid.problems[1:] else ""
        return trouble(about, f"{invalid.problems[0]}{more}", "correct the file")
    return ok(about, f"{len(entries)} subscriptions in {file}")
