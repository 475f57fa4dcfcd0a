"""The values that settings may have: each type refuses what cannot be used and says the way out."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from bot.places import InvalidPlace, person_of, place_of

SIGNING_SECRET = 32
"""Characters of Slack's signing secrets."""

_DATABASES = ("sqlite:///", "postgresql://", "postgres://")

SHARDS = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?/(\d{1,4})")


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("no home folder is known here; give the folder whole, beginning with /") from None


def _upper(level: object) -> object:
    return level.upper() if isinstance(level, str) else level


def _address(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or int(port) > 65_535:
        raise ValueError("give an address and a port, as in 127.0.0.1:8080")
    return listen


def _health(listen: str) -> str:
    return "" if listen.strip().casefold() == "off" else _address(listen)


def _heartbeat(url: SecretStr | None) -> SecretStr | None:
    parts = urlsplit(url.get_secret_value() if url else "https://x")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("give an http:// or https:// address, as the service shows it")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _safe(address: str, secure: str = "https", open_: str = "http") -> str:
    parts = urlsplit(address)
    if parts.scheme != secure and not (parts.scheme == open_ and _is_loopback(parts.hostname or "")):
        raise ValueError(f"give a {secure}:// address; {open_}:// is for this machine only")
    return address


def _safe_socket(address: str) -> str:
    return _safe(address, "wss", "ws") if address else address


def _slack_api(address: str) -> str:
    if not urlsplit(_safe(address)).path.endswith("/api/"):
        raise ValueError("Slack's API address ends in /api/")
    return address


def _shards(shards: str) -> str:
    match = SHARDS.fullmatch(shards)
    if shards and not (match and int(match[1]) <= int(match[2] or match[1]) < int(match[3])):
        raise ValueError("give shards and their number, as in 0-3/8, or 0/1 for the only one")
    return shards


def _usable(secret: object) -> object:
    if not isinstance(secret, str):
        return secret
    text = secret.strip().removeprefix("\ufeff")
    if any(character in "\"'" or not character.isascii() or not character.isprintable() for character in text):
        raise ValueError("holds a quote, a line break or the like; give the token alone")
    return text


def _beginning(*beginnings: str) -> AfterValidator:
    def check(secret: SecretStr | None) -> SecretStr | None:
        if secret and not secret.get_secret_value().startswith(beginnings):
            raise ValueError(f"begins with {secret.get_secret_value()[:4]}; this token begins with {beginnings[0]}")
        return secret

    return AfterValidator(check)


def _signing(secret: SecretStr | None) -> SecretStr | None:
    if secret and not (secret.get_secret_value().isalnum() and len(secret) >= SIGNING_SECRET):
        raise ValueError("is no Signing Secret; copy its 32 letters and digits from Basic Information")
    return secret


def _discord_token(secret: SecretStr | None) -> SecretStr | None:
    if secret and (secret.get_secret_value().count(".") != 2 or " " in secret.get_secret_value()):
        raise ValueError("is no bot's token, which has three parts with dots between; copy it from the page Bot")
    return secret


def _database(url: object) -> object:
    text = url.strip() if isinstance(url, str) else ""
    if not isinstance(url, str) or (text.startswith(_DATABASES) and text.isprintable()):
        return text if isinstance(url, str) else url
    raise ValueError("give sqlite:///folder/file or postgresql://user:password@host/database")


def _place(place: str) -> str:
    try:
        return str(place_of(place)) if place else place
    except InvalidPlace as invalid:
        raise ValueError(str(invalid)) from None


def _people(people: str) -> str:
    try:
        return ", ".join(map(person_of, people.replace(",", " ").split()))
    except InvalidPlace as invalid:
        raise ValueError(str(invalid)) from None


Folder = Annotated[Path, AfterValidator(_at_home)]
Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)]
Address = Annotated[str, AfterValidator(_address)]
Secret = Annotated[SecretStr | None, BeforeValidator(_usable)]
BotToken = Annotated[Secret, _beginning("xoxb-", "xoxe.xoxb-")]
AppToken = Annotated[Secret, _beginning("xapp-")]
HealthAddress = Annotated[str, AfterValidator(_health)]
HeartbeatUrl = Annotated[Secret, AfterValidator(_heartbeat)]
SigningSecret = Annotated[Secret, AfterValidator(_signing)]
SlackApi = Annotated[str, AfterValidator(_slack_api)]
DiscordToken = Annotated[Secret, AfterValidator(_discord_token)]
DiscordApi = Annotated[str, AfterValidator(_safe)]
DiscordGateway = Annotated[str, AfterValidator(_safe_socket)]
Shards = Annotated[str, AfterValidator(_shards)]
Database = Annotated[SecretStr | None, BeforeValidator(_database)]
Place = Annotated[str, AfterValidator(_place)]
People = Annotated[str, AfterValidator(_people)]
