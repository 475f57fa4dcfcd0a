"""Completion at the prompt: commands, then what they take."""

from collections.abc import Iterable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document as Typed

from bot.ports import Core


class Lines(Completer):
    """Completes commands, then the names that they take."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def get_completions(self, document: Typed, _: CompleteEvent) -> Iterable[Completion]:
        """Yields lines that begin with what was typed."""
        typed = document.text_before_cursor.lstrip()
        command, gap, name = typed.partition(" ")
        return self._names(command.removeprefix("/"), name, typed) if gap else self._commands(command, typed)

    def _commands(self, command: str, typed: str) -> Iterator[Completion]:
        for item in self._core.menu:
            if item.name.startswith(command.removeprefix("/").casefold()):
                line = f"/{item.name} " if item.arguments else f"/{item.name}"
                yield Completion(line, -len(typed), display=item.usage, display_meta=item.summary)

    def _names(self, command: str, name: str, typed: str) -> Iterator[Completion]:
        item = next((item for item in self._core.menu if command.casefold() in (item.name, *item.aliases)), None)
        if item and item.arguments:
            for choice in self._core.suggest(item.name, item.arguments[0].name, name.strip()):
                yield Completion(choice.command, -len(typed), display=choice.label, display_meta=choice.detail)


class Values(Completer):
    """Completes the value of one argument of a command."""

    def __init__(self, core: Core, command: str, argument: str) -> None:
        self._core, self._command, self._argument = core, command, argument

    def get_completions(self, document: Typed, _: CompleteEvent) -> Iterable[Completion]:
        """Yields values that what was typed may become."""
        typed = document.text_before_cursor
        for choice in self._core.suggest(self._command, self._argument, typed.strip()):
            value = choice.command.removeprefix(f"/{self._command} ")
            yield Completion(value, -len(typed), display=choice.label)
