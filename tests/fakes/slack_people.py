"""What people do: they talk, ask, click, choose and fill in, and Slack tells the app."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from tests.fakes import slack_payloads
from tests.fakes.block_kit_objects import options as option_problems
from tests.fakes.slack_delivery import Delivery
from tests.fakes.slack_records import Asked, Channel, Message, View
from tests.fakes.slack_texts import Payload, length, typed
from tests.fakes.slack_views import PICKED, apply_submission, close_all, close_top, selected
from tests.fakes.slack_workspace import controls, new_id

USUAL_QUERY = 3
"""Characters that a menu waits for before it asks the app, unless it says otherwise."""


class People(Delivery):
    """A workspace in which people do things; who cannot do something in Slack cannot do it here."""

    async def channel(self, name: str, members: list[str], *, bot: bool = True, private: bool = False) -> str:
        """Makes a channel and returns its id."""
        return self.add_channel(name, "private" if private else "public", set(members), bot=bot).id

    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None, **extra: Any) -> Message:
        """Lets a person write a message, of which the app is not told."""
        if user not in self.channels[channel].members:
            raise ValueError(f"{user} is no member of {channel}")
        return self.post(Message(channel, self.next_ts(), user, typed(text), thread_ts=thread_ts, extra=extra))

    async def mention(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Asked:
        """Lets a person mention the app, which is told if it is a member."""
        message = await self.say(user, channel, f"<@{self.bot_user_id}> {text}", thread_ts)
        if not self.channels[channel].bot:
            return Asked("events_api", {}, error="not_in_channel", message=message)
        return await self.tell("app_mention", slack_payloads.message_event(self, "app_mention", message), message)

    async def direct(self, user: str, text: str, thread_ts: str | None = None) -> Asked:
        """Lets a person write to the app."""
        message = await self.say(user, self.dm(user), text, thread_ts)
        return await self.tell("message.im", slack_payloads.message_event(self, "message", message), message)

    async def open_home(self, user: str, tab: str = "home") -> Asked:
        """Lets a person open the app's home."""
        event: Payload = {"type": "app_home_opened", "user": user, "channel": self.dm(user), "tab": tab}
        event["event_ts"] = slack_payloads.action_ts()
        if tab == "home" and user in self.homes:
            event["view"] = slack_payloads.view_object(self, self.homes[user])
        return await self.tell("app_home_opened", event)

    async def command(self, user: str, channel: str, command: str, text: str = "") -> Asked:
        """Lets a person use a slash command."""
        if self.commands is not None and command not in self.commands:
            raise ValueError(f"{command} is not a valid command: the app has {sorted(self.commands)}")
        if "commands" not in self.scopes:
            raise ValueError("an app without the scope `commands` has no slash commands")
        at = self._at(user, channel)
        asked = Asked("slash_commands", slack_payloads.slash_command(self, user, at, command, text))
        response_url = self._rights(asked, user, at)
        await self.ask(asked)
        self.take_answer_of_command(asked, self.response_urls[response_url.rpartition("/")[2]])
        return asked

    def _at(self, user: str, channel: str) -> Channel:
        at = self.channels[channel]
        if user not in at.members:
            raise ValueError(f"{user} is no member of {channel}")
        return at

    def _rights(self, asked: Asked, user: str, at: Channel, original: Message | None = None) -> str:
        """Adds a trigger and a response_url to a payload and returns the latter."""
        url = self.new_response_url(asked, at.id, user, original)
        asked.payload |= {"trigger_id": self.new_trigger(asked, user), "response_url": url}
        return url

    async def shortcut(self, user: str, callback_id: str) -> Asked:
        """Lets a person use a global shortcut."""
        asked = self._interaction("shortcut", user, callback_id=callback_id, action_ts=slack_payloads.action_ts())
        asked.payload["trigger_id"] = self.new_trigger(asked, user)
        return await self.ask(asked)

    async def message_shortcut(self, user: str, callback_id: str, message: Message) -> Asked:
        """Lets a person use a shortcut of a message, which cannot be an ephemeral one."""
        if message.ephemeral_to or message.deleted:
            raise ValueError("this message has no shortcuts")
        at = self._at(user, message.channel)
        shown = slack_payloads.place(self, message)
        fields = {"channel": shown["channel"], "message": shown["message"], "message_ts": message.ts}
        fields |= {"callback_id": callback_id, "action_ts": slack_payloads.action_ts()}
        asked = self._interaction("message_action", user, **fields)
        self._rights(asked, user, at, message)
        return await self.ask(asked)

    def _interaction(self, kind: str, user: str, **fields: Any) -> Asked:
        return Asked("interactive", slack_payloads.interaction(self, kind, user, **fields))

    async def click(self, user: str, where: Message | View, label_or_value: str) -> Asked:
        """Lets a person click the one button with this text or this value."""
        buttons = [(b, e) for b, e in self._controls(user, where) if e["type"] == "button"]
        found = [pair for pair in buttons if pair[1]["text"]["text"] == label_or_value]
        found = found or [pair for pair in buttons if pair[1].get("value") == label_or_value]
        if len(found) != 1:
            known = [(element["text"]["text"], element.get("value")) for _, element in buttons]
            raise LookupError(f"{len(found)} buttons are called {label_or_value!r}; there are {known}")
        block, element = found[0]
        value = {"value": element["value"]} if "value" in element else {}
        return await self._act(user, where, block, element, {"text": element["text"], **value})

    async def choose(self, user: str, where: Message | View, action_id: str, *options: Payload) -> Asked:
        """Lets a person choose of a menu; in an input it is only filled in, unless the app wants to know at once."""
        block, element = self._control(user, where, action_id)
        groups = element.get("option_groups", [element])
        offered = {one["value"]: one for group in groups for one in group.get("options", [])}
        chosen = [offered.get(one["value"], one) for one in options]
        if offered and not {one["value"] for one in chosen} <= set(offered):
            raise LookupError(f"{chosen} are not all offered; there are {list(offered)}")
        return await self._fill(user, where, block, element, selected(element["type"], chosen))

    async def fill(self, user: str, view: View, action_id: str, value: Any) -> Asked:
        """Lets a person fill in a text, a date or a number."""
        block, element = self._control(user, view, action_id)
        picked = PICKED.get(element["type"])
        return await self._fill(user, view, block, element, {f"selected_{picked}" if picked else "value": value})

    async def _fill(self, user: str, where: Message | View, block: Payload, element: Payload, chosen: Payload) -> Asked:
        if isinstance(where, View) and element["type"] != "overflow":
            where.state.setdefault(block["block_id"], {})[element["action_id"]] = {"type": element["type"], **chosen}
        if block["type"] == "input" and not block.get("dispatch_action"):
            return Asked("interactive", {})
        return await self._act(user, where, block, element, chosen)

    async def _act(self, user: str, where: Message | View, block: Payload, element: Payload, done: Payload) -> Asked:
        action = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"], **done}
        if "placeholder" in element:
            action["placeholder"] = element["placeholder"]
        action["action_ts"] = slack_payloads.action_ts()
        asked = self._interaction("block_actions", user, **slack_payloads.place(self, where), actions=[action])
        if isinstance(where, View):
            asked.payload["trigger_id"] = self.new_trigger(
                asked, user, where if where.content["type"] == "modal" else None
            )
        else:
            asked.payload["state"] = {"values": {}}
            self._rights(asked, user, self.channels[where.channel], where)
        return await self.ask(asked)

    async def type_ahead(self, user: str, where: Message | View, action_id: str, typed_text: str) -> list[Payload]:
        """Lets a person type into an external menu, and returns the options that then show."""
        block, element = self._control(user, where, action_id)
        if element["type"] not in ("external_select", "multi_external_select"):
            raise LookupError(f"{action_id} is a {element['type']}")
        if length(typed_text) < element.get("min_query_length", USUAL_QUERY):
            return []
        names = {"action_id": action_id, "block_id": block["block_id"], "value": typed_text}
        asked = await self.ask(
            self._interaction("block_suggestion", user, **slack_payloads.place(self, where), **names)
        )
        answer = asked.ack if isinstance(asked.ack, dict) else {}
        if asked.error:
            return []
        problems = list(option_problems(answer)) if answer.get("options") != [] else []
        if problems:
            self.object_("block_suggestion", "; ".join(problems))
            return []
        groups = answer.get("option_groups", [answer])
        return [one for group in groups for one in group["options"]]

    async def submit(self, user: str, view: View) -> Asked:
        """Lets a person submit the modal in front of them."""
        if self.modal(user) is not view or "submit" not in view.content:
            raise ValueError("this modal cannot be submitted")
        for block, element in controls(view.blocks):
            filled = view.state.get(block["block_id"], {}).get(element["action_id"], {})
            if (
                block["type"] == "input"
                and not block.get("optional")
                and not any(v for k, v in filled.items() if k != "type")
            ):
                raise ValueError(f"{element['action_id']} is not filled in")
        asked = self._interaction(
            "view_submission", user, view=slack_payloads.view_object(self, view), response_urls=[]
        )
        asked.payload["trigger_id"] = self.new_trigger(asked, user, view)
        await self.ask(asked)
        if asked.error is None:
            apply_submission(self, view, asked.ack, asked)
        return asked

    async def dismiss(self, user: str) -> Asked | None:
        """Lets a person close the modal in front of them; returns what the app was told, if it wants to be."""
        view = self.modal(user)
        if view is None:
            raise ValueError(f"{user} has no modal open")
        if view.content.get("clear_on_close"):
            close_all(self, user)
        else:
            close_top(self, user)
        if not view.content.get("notify_on_close"):
            return None
        shown = slack_payloads.view_object(self, view)
        return await self.ask(
            self._interaction("view_closed", user, view=shown, is_cleared=bool(view.content.get("clear_on_close")))
        )

    def _controls(self, user: str, where: Message | View) -> list[tuple[Payload, Payload]]:
        if isinstance(where, Message):
            if (
                where.deleted
                or where.ephemeral_to not in (None, user)
                or user not in self.channels[where.channel].members
            ):
                raise LookupError(f"{user} does not see this message")
        elif where.user != user or where.closed:
            raise LookupError(f"{user} does not see this view")
        return list(controls(where.blocks))

    def _control(self, user: str, where: Message | View, action_id: str) -> tuple[Payload, Payload]:
        known = self._controls(user, where)
        found = [pair for pair in known if pair[1]["action_id"] == action_id]
        if len(found) != 1:
            raise LookupError(
                f"{len(found)} controls are {action_id!r}; there are {[e['action_id'] for _, e in known]}"
            )
        return found[0]

    async def until(self, predicate: Callable[[], object], timeout: float = 30) -> float:
        """Waits until something is true, returns how long that took, and says what there is if it never comes."""
        start = time.monotonic()
        while not predicate():
            if time.monotonic() - start > timeout:
                calls = [f"{one.method} -> {one.answer}" for one in self.requests[-10:]]
                shown = [f"{one.channel} {one.ts}: {one.shown[:80]!r}" for one in self.posted[-10:]]
                raise AssertionError(f"not within {timeout} s; calls {calls}; messages {shown}; {self.objections}")
            await asyncio.sleep(0.01)
        return time.monotonic() - start


def new_user() -> str:
    """Returns the id of somebody new."""
    return new_id("U")
