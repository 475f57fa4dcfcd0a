"""A person in the fake Discord who asks the running bot and waits for what it says."""

from typing import Any

from tests.fakes.discord import Asked, FakeDiscord, Message, Modal

PATIENCE = 30.0


class Reader:
    """Is a new person in a server and a channel of their own, so that nothing of one test is seen in another."""

    def __init__(self, discord: FakeDiscord, **user: Any) -> None:
        self.discord = discord
        self.user = discord.user("anna", **user)
        self.other = discord.user("bo")
        self.guild = discord.do(discord.guild("team", [self.user, self.other]))
        self.channel: str = discord.do(discord.channel(self.guild, "general"))

    def ask(self, command: str, channel: str = "", **options: str) -> Message:
        """Uses a slash command and returns the answer."""
        return self.answer(self.discord.do(self.discord.command(self.user, channel or self.channel, command, options)))

    def open(self, command: str, channel: str = "", **options: str) -> Modal:
        """Uses a slash command and returns the form that it opens."""
        return form(self.discord.do(self.discord.command(self.user, channel or self.channel, command, options)))

    def open_by(self, message: Message, label: str) -> Modal:
        """Clicks a button and returns the form that it opens."""
        return form(self.discord.do(self.discord.click(self.user, message, label)))

    def send(self, modal: Modal, **written: str) -> Message:
        """Writes into the fields of a form, by their labels, sends it and returns the answer."""
        return self.answer(self.discord.do(self.discord.submit(self.user, modal, written)))

    def click(self, message: Message, label: str) -> Message:
        """Clicks a button and returns the message that was made or changed."""
        return self.answer(self.discord.do(self.discord.click(self.user, message, label)))

    def complete(self, command: str, option: str, typed: str) -> list[tuple[str, str]]:
        """Types into an option and returns what is offered, with its value."""
        found = self.discord.do(self.discord.complete(self.user, self.channel, command, option, typed))
        return [(choice["name"], choice["value"]) for choice in found]

    def seen(self, by: str = "") -> list[Message]:
        """Returns the messages of the channel that this person, or another, sees."""
        return self.discord.messages(self.channel, seen_by=by or self.user)

    def answer(self, asked: Asked) -> Message:
        """Waits for the message that answers."""
        self.until(asked.messages)
        return asked.messages()[0]

    def until(self, happened: object, seconds: float = PATIENCE) -> None:
        """Waits until something has happened."""
        assert callable(happened)
        self.discord.do(self.discord.until(happened, seconds))


def custom_ids(message: Message) -> list[str]:
    """Returns what the controls of a message carry, in reading order."""
    found: list[str] = []

    def look(components: list[dict[str, Any]]) -> None:
        for one in components:
            if "custom_id" in one:
                found.append(one["custom_id"])
            look([*one.get("components", []), *([one["accessory"]] if "accessory" in one else [])])

    look(message.components)
    return found


def form(asked: Asked) -> Modal:
    """Returns the form that was opened."""
    assert asked.modal, (asked.error, [message.shown for message in asked.messages()])
    return asked.modal


def fields(modal: Modal) -> dict[str, str]:
    """Returns what stands in the fields of a form, by their labels."""
    return {one["label"]: one["component"].get("value", "") for one in modal.components}
