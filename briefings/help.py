"""What can be asked, and what to do where nothing can be answered."""

from collections.abc import Iterable, Sequence

from briefings.document import Block, Choice, Choices, Document, Heading
from briefings.edition import Edition
from briefings.words import echo


def help_briefing(edition: Edition, usages: Iterable[tuple[str, str]], examples: Sequence[Choice]) -> Document:
    """Returns what this is, examples that run at a click, and every command with what it does."""
    words, knowledge = edition.words, edition.knowledge
    intro = words.paragraph(
        "help_intro",
        companies=len(knowledge.companies),
        themes=len(knowledge.themes),
        claims=sum(claim.retracted is None for claim in knowledge.claims.values()),
    )
    return Document(
        title=words.text("help_title"),
        summary=words.text("help_summary"),
        command="/help",
        blocks=(
            intro,
            Choices(words.text("try_these"), tuple(examples)),
            Heading(words.text("commands")),
            *(words.usage(usage, summary) for usage, summary in usages),
        ),
        language=words.language,
    )


def unknown_briefing(edition: Edition, kind: str, typed: str, suggestions: Sequence[Choice]) -> Document:
    """Returns that nobody goes by a name, with what may have been meant; it says nothing by analogy."""
    words = edition.words
    shown = echo(typed)
    blocks: list[Block] = [words.paragraph(f"unknown_{kind}", typed=shown)]
    if suggestions:
        blocks.append(Choices(words.text("did_you_mean"), tuple(suggestions)))
    blocks.append(look_further(edition))
    title = words.text("unknown_title", typed=shown)
    return Document(title, title, "", tuple(blocks), language=words.language)


def refusal(
    edition: Edition,
    macro: str,
    *,
    choices: Sequence[Choice] = (),
    further: Sequence[Choice] = (),
    title: str = "",
    **values: object,
) -> Document:
    """Returns why a line cannot be answered, with the way out; `macro` has a companion `..._title`.

    `choices` may have been meant, `further` lead on, in place of the companies and themes.
    """
    words = edition.words
    blocks: list[Block] = [words.paragraph(macro, **values)]
    if choices:
        blocks.append(Choices(words.text("did_you_mean"), tuple(choices)))
    blocks.append(look_further(edition, further))
    return Document(title, title, "", tuple(blocks), language=words.language)


def look_further(edition: Edition, choices: Sequence[Choice] = ()) -> Choices:
    """Returns the ways on from an answer that says nothing: some choices, else companies and themes; and the help."""
    words = edition.words
    usual = (Choice(words.text("companies"), "/companies"), Choice(words.text("themes"), "/themes"))
    return Choices(words.text("look_further"), (*(choices or usual), Choice(words.text("more_in_help"), "/help")))
