"""The command that looks after the whole set-up."""

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime
from textwrap import fill
from typing import TYPE_CHECKING

import typer

from knowledge.characters import printable

if TYPE_CHECKING:
    from bot.findings import Finding

WIDTH, INDENT = 80, 11


def doctor() -> None:
    """Look at the whole set-up, and say of each thing whether it is ok, and if not the way out; status 1 if not.

    Nothing is sent, and nothing is changed.
    """
    from bot.log import prepare_logging
    from bot.operating.doctor.round import findings
    from bot.settings import read

    async def told() -> Counter[str]:
        counts: Counter[str] = Counter()
        async for finding in findings(read(), lambda: datetime.now(UTC)):
            counts[finding.verdict] += 1
            typer.echo(_lines(finding))
            sys.stdout.flush()
        return counts

    prepare_logging("CRITICAL")  # whatever the platforms refuse is told as a finding
    counts = asyncio.run(told())
    typer.echo(f"{counts['ok']} ok, {counts['wrong']} wrong, {counts['not tried']} not tried")
    if counts["wrong"]:
        raise typer.Exit(1)


def _lines(finding: "Finding") -> str:
    from bot.log import without_secrets

    said = f"{finding.verdict:{INDENT}}{finding.about}: {finding.said}"
    lines = [said, *([f"{'':{INDENT}}-> {finding.fix}"] if finding.fix else [])]
    return "\n".join(
        fill(
            without_secrets(printable(line)),
            WIDTH,
            subsequent_indent=" " * INDENT,
            break_on_hyphens=False,
            break_long_words=False,
        )
        for line in lines
    )
