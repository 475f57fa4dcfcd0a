"""What becomes of the arguments of a message, whichever way the app sends it."""

import re
from typing import Any

from tests.fakes.block_kit import ALL_CHARACTERS, block_problems
from tests.fakes.block_kit_contents import characters
from tests.fakes.slack_records import Message
from tests.fakes.slack_texts import Payload, broadcasts, length
from tests.fakes.slack_workspace import Workspace

LONGEST_TEXT = 40_000
NOT_THE_APPS_FAULT = frozenset(
    {
        "account_inactive",
        "channel_not_found",
        "is_archived",
        "message_not_found",
        "missing_scope",
        "not_in_channel",
        "ratelimited",
        "token_revoked",
        "user_not_in_channel",
    }
)
"""Errors that an app cannot foresee: they are answered, but no objection is noted."""


class Refused(Exception):
    """Slack's answer to a call that it does not carry out."""

    def __init__(self, error: str, *messages: str, **more: Any) -> None:
        super().__init__(error, *messages)
        self.error = error
        self.messages = messages
        self.more = more


def flag(value: Any) -> bool | None:
    """Returns a truth value as JSON and forms write it; none for what is not given."""
    if value is None or isinstance(value, bool):
        return value
    return str(value).lower() in ("true", "1")


def check_message(
    slack: Workspace, where: str, given: Payload, *, unfurl: bool = True, longest: int = LONGEST_TEXT
) -> tuple[str, list[Payload]]:
    """Returns the text and blocks of a message or raises why Slack refuses it; notes what it only objects to."""
    text, blocks = given.get("text") or given.get("markdown_text") or "", given.get("blocks") or []
    if not isinstance(text, str):
        raise Refused("invalid_arguments", f"text is {text!r}")
    if not text.strip() and not blocks and not given.get("attachments"):
        raise Refused("no_text")
    if length(text) > longest:
        raise Refused("msg_too_long", f"text of {length(text)} characters")
    if blocks:
        problems = block_problems(blocks, "message")
        if problems:
            raise Refused("invalid_blocks", *problems)
        if characters(blocks) > ALL_CHARACTERS:
            raise Refused("msg_blocks_too_long", f"{characters(blocks)} characters in all blocks")
    if not text.strip():
        slack.object_(where, "missing fallback text")
    if unfurl and (flag(given.get("unfurl_links")), flag(given.get("unfurl_media"))) != (False, False):
        slack.object_(where, "unfurl_links and unfurl_media are not both false")
    for broadcast in broadcasts(given):
        slack.object_(where, f"notifies everybody: {broadcast}")
    return text, blocks


def check_metadata(given: Payload) -> Payload | None:
    """Returns the metadata of a message, or none, or raises why Slack refuses it."""
    metadata = given.get("metadata")
    if metadata is None or metadata == "":
        return None
    if not isinstance(metadata, dict) or set(metadata) - {"entities"} != {"event_type", "event_payload"}:
        raise Refused("invalid_metadata_format", f"metadata is {metadata!r}")
    if not re.fullmatch(r"[\w.-]{1,255}", str(metadata["event_type"])) or not isinstance(
        metadata["event_payload"], dict
    ):
        raise Refused("invalid_metadata_format", f"metadata is {metadata!r}")
    return metadata


def parent_of(slack: Workspace, where: str, channel: str, thread_ts: Any) -> str | None:
    """Returns the thread that a message goes to, or none; a reply's own ts is objected to and corrected."""
    if not thread_ts:
        return None
    parent = slack.find(channel, str(thread_ts))
    if parent is None:
        raise Refused("thread_not_found", f"thread_ts is {thread_ts!r}")
    if parent.thread_ts not in (None, parent.ts):
        slack.object_(where, f"thread_ts {thread_ts} is a reply, not the beginning of a thread")
        return parent.thread_ts
    return parent.ts


def post_by_app(slack: Workspace, channel: str, text: str, blocks: list[Payload], **fields: Any) -> Message:
    """Posts a checked message in the name of the app."""
    message = Message(channel, slack.next_ts(), slack.bot_user_id, text, blocks, by_app=True, **fields)
    return slack.post(message)


def note_refusal(slack: Workspace, where: str, refused: Refused) -> None:
    """Notes an error as an objection, unless the app could not have foreseen it."""
    if refused.error not in NOT_THE_APPS_FAULT:
        slack.object_(where, ": ".join([refused.error, *(["; ".join(refused.messages)] if refused.messages else [])]))
