"""Structured logs with secrets struck out; the only home of structlog."""

import logging
import re
import sys
from typing import Any

import structlog

_SECRETS = re.compile(
    r"xox[a-z]-[\w-]+|xoxe\.[\w.-]+|xapp-[\w-]+"  # Slack's tokens
    r"|[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"  # Discord's bot tokens
    r"|(?<=hooks\.slack\.com/)[\w/-]+"  # response_url
    r"|(?<=/webhooks/)\d+/[\w-]+|(?<=/interactions/)\d+/[\w-]+"  # interaction tokens
    r"|(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"  # user:password in addresses
    r"|(?<=Bearer )\S+|(?<=Bot )\S{20,}"
)
_STRUCK = "[secret]"


def without_secrets(value: Any) -> Any:
    """Returns a log value with every token, password and answering address struck out."""
    match value:
        case str():
            return _SECRETS.sub(_STRUCK, value)
        case dict():
            return {without_secrets(key): without_secrets(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [without_secrets(item) for item in value]
        case bool() | int() | float() | None:
            return value
    return _SECRETS.sub(_STRUCK, str(value))


def _redact(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {
        key: value if key == "exc_info" or key.startswith("_") else without_secrets(value)
        for key, value in event.items()
    }


def _redact_text(_logger: object, _method: str, line: str) -> str:
    return _SECRETS.sub(_STRUCK, line)


def configure_logging(level: str) -> None:
    """Sends every logger's records to standard error, one line an event: readable on a terminal, JSON elsewhere."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _redact,
    ]
    on_terminal = sys.stderr.isatty()
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
        if on_terminal
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last, _redact_text],  # type: ignore[list-item]
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
