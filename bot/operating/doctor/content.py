"""Whether what the bot knows can be used, and of what age it is."""

from datetime import date

from bot.findings import Finding, ok, wrong
from bot.settings import Settings
from knowledge import InvalidKnowledge, Knowledge, load


def content(settings: Settings, today: date) -> tuple[Finding, Knowledge | None]:
    """Returns how the knowledge stands, and the knowledge if it can be used."""
    try:
        knowledge = load(settings.knowledge)
    except InvalidKnowledge as invalid:
        number = len(invalid.problems)
        said = f"{number:,} problem{'s'[: number > 1]}, first {invalid.problems[0]}"
        return wrong("knowledge", said, "correct that; `briefbot check` lists all"), None
    latest = max(claim.changed for claim in knowledge.claims.values())
    warnings = f", {len(knowledge.warnings)} to look at by `briefbot check`" if knowledge.warnings else ""
    days = (today - latest).days
    age = f"last changed {f'{days} days ago' if days >= 0 else f'on {latest}, which is yet to come'}"
    return ok("knowledge", f"{len(knowledge.claims)} claims in {settings.knowledge}; {age}{warnings}"), knowledge
