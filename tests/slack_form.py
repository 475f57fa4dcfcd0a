"""A form in front of a person in the fake Slack, who fills it in by the labels of its fields."""

from tests.fakes.slack import Asked, View
from tests.fakes.slack_texts import Payload
from tests.slack_reader import Reader


class Form:
    """Is a modal with fields, open in front of a reader."""

    def __init__(self, reader: Reader, view: View) -> None:
        self.reader = reader
        self.view = view

    @property
    def labels(self) -> list[str]:
        """What the fields are called, in order."""
        return [block["label"]["text"] for block in self._inputs]

    def value(self, label: str) -> str:
        """Returns what stands in a field: a text, or the labels of what is chosen."""
        block = self._block(label)
        state = self.view.state[block["block_id"]][block["element"]["action_id"]]
        chosen = state.get("selected_options") or filter(None, [state.get("selected_option")])
        return ", ".join(option["text"]["text"] for option in chosen) or state.get("value") or ""

    def problem(self, label: str) -> str:
        """Returns what is told beside a field after submitting, or nothing."""
        return self.view.errors.get(self._block(label)["block_id"], "")

    def type(self, label: str, text: str) -> None:
        """Types into a field, in place of what stands there."""
        action = self._block(label)["element"]["action_id"]
        self.reader.slack.do(self.reader.slack.fill(self.reader.user, self.view, action, text or None))

    def offered(self, label: str, typed: str) -> list[str]:
        """Returns what a field offers for what is typed into it."""
        return [option["text"]["text"] for option in self._found(label, typed)]

    def pick(self, label: str, *typed: str) -> None:
        """Chooses, for each text that is typed, the first that the field offers; of a menu, what is called so."""
        block = self._block(label)
        element, slack = block["element"], self.reader.slack
        if element["type"] == "static_select":
            options = [option for option in element["options"] if option["text"]["text"] in typed]
        else:
            options = [self._found(label, text)[0] for text in typed]
        slack.do(slack.choose(self.reader.user, self.view, element["action_id"], *options))

    def submit(self) -> Asked:
        """Submits the form and returns what came of it."""
        asked: Asked = self.reader.slack.do(self.reader.slack.submit(self.reader.user, self.view))
        return asked

    @property
    def _inputs(self) -> list[Payload]:
        return [block for block in self.view.blocks if block["type"] == "input"]

    def _block(self, label: str) -> Payload:
        return next(block for block in self._inputs if block["label"]["text"] == label)

    def _found(self, label: str, typed: str) -> list[Payload]:
        action = self._block(label)["element"]["action_id"]
        found: list[Payload] = self.reader.slack.do(
            self.reader.slack.type_ahead(self.reader.user, self.view, action, typed)
        )
        return found
