"""A person in the fake Slack who asks the running bot and waits for what it says."""

from tests.fakes.slack import Asked, FakeSlack, Message, View
from tests.fakes.slack_people import new_user

PATIENCE = 30.0


class Reader:
    """Is a new person in a channel of their own, so that nothing of one test is seen in another."""

    def __init__(self, slack: FakeSlack, *others: str) -> None:
        self.slack = slack
        self.user = new_user()
        self.channel: str = slack.do(slack.channel(f"news-{self.user.lower()}", [self.user, *others]))

    def ask(self, command: str, text: str = "") -> Message:
        """Uses a slash command and returns the answer."""
        return self._answer(self.slack.do(self.slack.command(self.user, self.channel, command, text)))

    def click(self, where: Message | View, label: str) -> Message:
        """Clicks a button and returns the message that was made or changed."""
        return self._answer(self.slack.do(self.slack.click(self.user, where, label)))

    def mention(self, text: str, thread: str | None = None) -> Message:
        """Mentions the bot and returns what it answers, which only this person sees."""
        before = len(self.seen())
        self.slack.do(self.slack.mention(self.user, self.channel, text, thread))
        self.until(lambda: len(self.seen()) > before + 1)
        return self.seen()[-1]

    def direct(self, text: str) -> Message:
        """Writes to the bot and returns what it answers."""
        before = len(self.conversation())
        self.slack.do(self.slack.direct(self.user, text))
        self.until(lambda: len(self.conversation()) > before + 1)
        return self.conversation()[-1]

    def in_modal(self, asked: Asked) -> View:
        """Returns the modal once what was asked shows in it."""
        self.until(lambda: asked.views)
        return asked.views[-1]

    def home(self) -> View:
        """Opens the App Home and returns it."""
        self.slack.do(self.slack.open_home(self.user))
        self.until(lambda: self.slack.home(self.user))
        view = self.slack.home(self.user)
        assert view
        return view

    def seen(self) -> list[Message]:
        """Returns the messages of the channel that this person sees."""
        return self.slack.messages(self.channel, seen_by=self.user)

    def conversation(self) -> list[Message]:
        """Returns the messages between this person and the bot."""
        return self.slack.messages(self.slack.dm(self.user), seen_by=self.user)

    def until(self, happened: object, seconds: float = PATIENCE) -> None:
        """Waits until something has happened."""
        assert callable(happened)
        self.slack.do(self.slack.until(happened, seconds))

    def _answer(self, asked: Asked) -> Message:
        self.until(asked.messages)
        return asked.messages()[0]


def values(where: Message | View) -> list[str]:
    """Returns the commands that the controls of a message or view carry, in reading order."""
    elements = [element for block in where.blocks if block["type"] == "actions" for element in block["elements"]]
    return [control["value"] for e in elements for control in e.get("options", [e]) if "value" in control]
