"""Structured logs with secrets struck out; the only home of structlog, which tells of tracebacks."""

import json
import logging
import re
import sys
import threading
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bot.happening import current

_SECRETS = re.compile(
    r"xox[a-z]-[\w-]+|xoxe\.[\w.-]+|xapp-[\w-]+"  # Slack's tokens
    r"|\b[0-9a-f]{32}\b"  # Slack's signing secret
    r"|[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"  # Discord's bot tokens
    r"|(?<=hooks\.slack\.com/)[\w/-]+|(?<=hooks\.slack-gov\.com/)[\w/-]+"  # response_url
    r"|(?<=webhooks/)\d+/[\w-]+|(?<=interactions/)\d+/[\w-]+"  # interaction tokens
    r"|(?<=://)[^\s/:@]{0,256}:\S{0,256}(?=@)"  # user:password in addresses; bounded for the time it takes
    r"|(?<=password=)\S+|(?<=secret=)\S+|(?<=token=)\S+|(?<=ticket=)[^\s&\"']+"
    r"|(?<=\"token\":\")[^\"]+|(?<=\"token\": \")[^\"]+"
    r"|(?<=://)[^\s/:@]{20,256}(?=@)"  # a token alone before @
    r"|(?<=Bearer )\S+|(?<=Basic )\S+|(?<=Bot )\S{20,}",
    re.IGNORECASE,
)
_SIGNS = (
    "xox",
    "xapp-",
    "hooks.slack",
    "webhooks/",
    "interactions/",
    "://",
    "=",
    'token"',
    "bearer ",
    "basic ",
    "bot ",
)
_LONG = re.compile(r"[\w-]{23}", re.ASCII)
"""Together with `_SIGNS`: of them one stands in whatever `_SECRETS` finds, and they are looked for in a tenth of its
time, which is a tenth of that of an answer."""

_STRUCK = "[secret]"
_OWN = {*vars(logging.makeLogRecord({})), "message", "asctime"}
"""What a record of `logging` has of itself; anything else was given as `extra`."""

_TALKATIVE = ("watchfiles", "slack_sdk", "slack_bolt", "discord", "apscheduler")
"""Libraries that tell of every look at the folder, or at DEBUG write whole messages, with what people said in them."""


def without_secrets(text: str) -> str:
    """Returns a text with every token, password and answering address struck out."""
    return _SECRETS.sub(_STRUCK, text) if _may_hold_any(text) else text


def _may_hold_any(text: str) -> bool:
    if not text.isascii():  # letters such as ſ and K are found without regard to case, too
        return True
    lowered = text.lower()
    return any(map(lowered.__contains__, _SIGNS)) or bool(_LONG.search(lowered))


def prepare_logging(level: str, beside_answers: Path | None = None, secrets: Collection[str] = ()) -> None:
    """Has every logger write JSON, one line an event, to standard error; `secrets` are struck out whatever their shape.

    DEBUG is for our own loggers; what libraries tell there are whole messages and statements.

    Warnings of Python's, and whatever ends a thread or the program by a fault of ours, are such events, too.
    Where somebody reads answers on that same terminal, the lines go to `briefbot.log` in the folder `beside_answers`.
    The file is made with the first event, so that a command without events makes none.
    """
    logging.basicConfig(level=_calm(level), handlers=[_FirstEvent(beside_answers, secrets)], force=True)
    logging.getLogger("briefbot").setLevel(level)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # no line tells of them
    logging._srcfile = None  # nor of where in the program, which a third of its time goes to
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda _, error, __: _ended_by(error)
    threading.excepthook = lambda ended: _ended_by(ended.exc_value)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # a traceback for whatever strangers send


def _calm(level: str) -> str:
    """Returns the level for the libraries, of which several write what people said, with its answering address."""
    return "INFO" if level == "DEBUG" else level


def _ended_by(error: BaseException | None) -> None:
    if not isinstance(error, KeyboardInterrupt):
        logging.getLogger("briefbot").critical("ended by a fault of ours", exc_info=error)


class _FirstEvent(logging.Handler):
    """Stands in for the real handler until there is something to log."""

    def __init__(self, folder: Path | None, secrets: Collection[str]) -> None:
        super().__init__()
        self._folder = folder
        self._secrets = secrets

    def emit(self, record: logging.LogRecord) -> None:
        handler = _stream_handler(self._folder)
        handler.setFormatter(_Line(self._secrets))
        logging.basicConfig(level=logging.getLogger().level, handlers=[handler], force=True)
        handler.handle(record)


def _stream_handler(folder: Path | None) -> logging.Handler:
    if folder is None or not sys.stderr.isatty():
        return logging.StreamHandler(sys.stderr)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "briefbot.log"
        path.touch(mode=0o600)
        return logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return logging.StreamHandler(sys.stderr)


class _Line(logging.Formatter):
    """Writes an event as a line of JSON in which secrets are struck out."""

    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__()
        self._secrets = sorted(secrets, key=len, reverse=True)  # one may be a part of another
        self._written = msgspec.json.Encoder(enc_hook=str).encode

    def format(self, record: logging.LogRecord) -> str:
        event = _event(record)
        try:
            line = self._written(event).decode()
        except UnicodeEncodeError:  # half of a character, as only JSON can say it
            line = json.dumps(event, default=str)
        for secret in self._secrets:
            line = line.replace(secret, _STRUCK)
        return without_secrets(line)


def _event(record: logging.LogRecord) -> dict[str, Any]:
    happening, at = current(), datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
    return {
        "event": record.getMessage(),
        "level": record.levelname.lower(),
        "logger": record.name,
        **{name: value for name, value in vars(record).items() if name not in _OWN},
        **({"id": happening.id} if happening else {}),
        "timestamp": at.replace("+00:00", "Z"),
        **({"exception": _traceback(record.exc_info)} if record.exc_info and record.exc_info[0] else {}),
    }


def _traceback(error: Any) -> list[dict[str, Any]]:
    from structlog.tracebacks import ExceptionDictTransformer

    return ExceptionDictTransformer(show_locals=False)(error)
