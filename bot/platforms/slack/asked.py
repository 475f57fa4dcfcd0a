"""What is asked on Slack: who asks which line, where, and where the answer goes."""

from collections.abc import Mapping

from msgspec import Struct


class ResponseUrl(Struct, frozen=True):
    """Answers by the address that came with an interaction; by default only whoever asked sees it.

    `replace` puts the answer in place of what was clicked; `shareable` is false where nobody else is; `shared_by` makes
    the answer public in that person's name.
    """

    url: str
    thread: str = ""
    replace: bool = False
    shareable: bool = True
    shared_by: str = ""


class Channel(Struct, frozen=True):
    """Answers one person in a channel or thread, seen by nobody else."""

    channel: str
    user: str
    thread: str = ""


class Direct(Struct, frozen=True):
    """Answers in a conversation of one person with the bot."""

    channel: str
    thread: str = ""


class OpenView(Struct, frozen=True):
    """Answers in the modal that is open; `place` is where it was opened, `search` whether one can search in it."""

    view: str
    trigger: str
    place: str = ""
    search: bool = True


class AboveView(Struct, frozen=True):
    """Answers in a modal above the one that is open, which stays."""

    trigger: str
    place: str = ""


class NewView(Struct, frozen=True):
    """Answers in a modal that opens; `trigger` is good for 3 seconds, once."""

    trigger: str
    place: str = ""


InView = OpenView | AboveView | NewView
Destination = ResponseUrl | Channel | Direct | InView


class Asked(Struct, frozen=True):
    """Is a line that somebody asked; `place` is `slack:workspace/channel[/thread]`.

    `trigger` opens a modal within 3 seconds, once; it is empty where none can be opened. `insider` is false for people
    who are in a shared channel from another workspace.
    """

    line: str
    user: str
    place: str
    destination: Destination
    trigger: str = ""
    insider: bool = True


class Submitted(Struct, frozen=True):
    """Is a form that somebody filled in: the command it is for, its fields by argument, and where it was opened.

    `edits` is the id of what is edited, if anything is; `above` says that a view may be opened above the form.
    """

    command: str
    fields: Mapping[str, str]
    user: str
    place: str
    trigger: str
    edits: str = ""
    above: bool = True
    insider: bool = True
