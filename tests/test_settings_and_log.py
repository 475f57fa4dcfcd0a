import json
import os
import pty
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot.log import without_secrets
from bot.settings import CURATED, InvalidSettings, read_settings
from tests.running import running

# Made up, in the shape of real ones; split so that no scanner takes them for real.
SECRETS = [
    "xox" + "b-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
    "xox" + "p-1-2-3-abc",
    "xox" + "e.xoxb-1-AbC123",
    "xapp" + "-1-A0123456789-1234567890123-abcdef0123456789",
    "MTIzNDU2Nzg5MDEyMzQ1Njc4" + ".GabcdE.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "https://hooks.slack.com/" + "commands/T0123/456789/AbCdEfGhIjKl",
    "https://discord.com/api/v10/webhooks/" + "123456789012345678/aW50ZXJhY3Rpb246MTIz-token_value",
    "https://discord.com/api/v10/interactions/" + "123456789012345678/aW50ZXJhY3Rpb246MTIz/callback",
    "postgresql://briefbot:" + "hunter2@db.example/briefbot",
    "Authorization: Bearer " + "abc.def.ghi",
    "authorization: basic " + "dXNlcjpwYXNz",
    "redis://:" + "swordfish@cache.example",
    "postgresql://u:" + "p@ss/word@db.example/x",
    "0123456789abcdef" + "0123456789abcdef",
    "0123456789ABCDEF" + "0123456789ABCDEF",
    "XOX" + "B-1-hunter2",
    "password=" + "hunter2",
    "client_secret=" + "hunter2",
    "access_token=" + "hunter2",
    "wss://wss.example/link/?ticket=" + "hunter2",
    '{"token": "' + 'hunter2"}',
    '{"token":"' + 'hunter2"}',
    "https://hooks.slack-gov.com/" + "commands/T0123/hunter2",
    "HTTPS://DISCORD.COM/API/WEBHOOKS/" + "1/hunter2",
    "/interactions/" + "1/hunter2/callback",
    "https://" + "hunter2hunter2hunter2@git.example/x",
    "BASIC " + "hunter2",
    "Bot " + "hunter2hunter2hunter2",
    "für ſecret=" + "hunter2",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_struck_out_wherever_it_stands(secret: str) -> None:
    shown = without_secrets(f"before {secret} after")
    assert "[secret]" in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    for part in (
        "hunter2",
        "swordfish",
        "p@ss",
        "dXNlcjpwYXNz",
        "abc.def",
        "AbCdEf",
        "aW50ZXJh",
        "GabcdE",
        "0123456789",
    ):
        assert part not in shown


@pytest.mark.timeout(60)  # what grows with the square of the length takes minutes
@pytest.mark.parametrize(
    "piece", ["://", "://a", "://a:", "a:", "xoxb-", "A" * 24 + ".", "token=", "webhooks/1/", "Bearer "]
)
def test_no_text_however_long_holds_up_the_logs(piece: str) -> None:
    assert without_secrets(piece * (512 * 1024 // len(piece)))


@pytest.mark.parametrize(
    "text", ["Tencent was worth 500 billion.", "https://example.com/a/b", "claims.yaml:41: sources"]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert without_secrets(text) == text


LOGGING = """
import logging, sys
from pathlib import Path
from bot.log import prepare_logging
prepare_logging("INFO", Path(sys.argv[1]))
log = logging.getLogger("some.library")
log.debug("not wanted")
log.info("took %s", sys.argv[2], extra={"claims": 3, "url": sys.argv[2]})
password = "held-by-a-local"
try:
    raise RuntimeError("failed with " + sys.argv[2])
except RuntimeError:
    log.exception("broken")
"""


def test_every_event_is_one_line_of_json_without_secrets_even_in_tracebacks(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOGGING, str(tmp_path), SECRETS[0]],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    first, second = map(json.loads, ran.stderr.splitlines())
    assert (first["event"], first["level"], first["logger"], first["claims"]) == (
        "took [secret]",
        "info",
        "some.library",
        3,
    )
    assert first["timestamp"].endswith("Z")
    assert first["url"] == "[secret]"
    assert second["exception"][0]["exc_type"] == "RuntimeError"
    assert SECRETS[0] not in ran.stderr + ran.stdout
    assert "held-by-a-local" not in ran.stderr


def test_an_event_with_half_a_character_is_a_line_of_json_too(tmp_path: Path) -> None:
    half = b"token=hunter2 \xff"
    ran = subprocess.run(
        [sys.executable, "-c", LOGGING, str(tmp_path), half], capture_output=True, timeout=60, check=True
    )
    events = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [event["event"] for event in events] == ["took token=[secret] \udcff", "broken"]
    assert b"hunter2" not in ran.stderr


def test_on_a_terminal_events_go_to_a_file_and_not_between_answers(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", LOGGING, str(tmp_path), "words"], stderr=theirs, timeout=60, check=True)
    os.close(theirs)
    lines = (tmp_path / "briefbot.log").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["took words", "broken"]
    os.set_blocking(ours, False)
    with pytest.raises(OSError):
        os.read(ours, 100)
    os.close(ours)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BRIEFBOT_KNOWLEDGE", str(tmp_path))
    monkeypatch.setenv("BRIEFBOT_LOG_LEVEL", "DEBUG")
    settings = read_settings()
    assert (settings.knowledge, settings.log_level) == (tmp_path, "DEBUG")
    assert read_settings({"knowledge": CURATED}).knowledge == CURATED


def test_without_any_setting_the_curated_knowledge_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BRIEFBOT_")]:
        monkeypatch.delenv(name)
    assert read_settings().knowledge == CURATED
    assert not str(read_settings().data_dir).startswith("~")


def test_a_setting_that_cannot_be_used_is_named_with_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIEFBOT_LOG_LEVEL", "LOUD")
    with pytest.raises(InvalidSettings, match=r"BRIEFBOT_LOG_LEVEL: .*'DEBUG', 'INFO'.*it was 'LOUD'"):
        read_settings()


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIEFBOT_KNOWLEDGE", "")
    assert read_settings().knowledge == CURATED


BOT, APP = "xox" + "b-1", "xapp" + "-1"


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith(("BRIEFBOT_", "SLACK_", "DISCORD_", "DATABASE_"))]:
        monkeypatch.delenv(name)
    return monkeypatch


def refused(monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[str]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings) as raised:
        read_settings()
    return str(raised.value).splitlines()


def test_a_secret_may_stand_in_a_file_with_a_line_end(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bot").write_text(f"{BOT}\n")
    clean.setenv("SLACK_BOT_TOKEN_FILE", str(tmp_path / "bot"))
    clean.setenv("SLACK_APP_TOKEN", f" {APP} ")
    settings = read_settings()
    assert settings.slack_bot_token
    assert settings.slack_app_token
    assert (settings.slack_bot_token.get_secret_value(), settings.slack_app_token.get_secret_value()) == (BOT, APP)
    assert BOT not in repr(settings)


def test_all_that_is_wrong_with_slacks_settings_is_said_at_once_and_no_secret(clean: pytest.MonkeyPatch) -> None:
    lines = refused(
        clean, SLACK_BOT_TOKEN=APP + "-canary", SLACK_APP_TOKEN=BOT + "-canary", SLACK_SIGNING_SECRET_FILE="/no/such",
        SLACK_API_URL="http://slack.example/api/", BRIEFBOT_LISTEN="8080",
    )  # fmt: skip
    assert len(lines) == 5
    assert [line.partition(":")[0] for line in lines] == [
        "BRIEFBOT_LISTEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_API_URL",
    ]  # fmt: skip
    assert "canary" not in "".join(lines)
    assert "this token begins with xoxb-" in lines[1]
    assert "/no/such, which cannot be read: No such file" in lines[3]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SLACK_BOT_TOKEN": BOT}, "set SLACK_APP_TOKEN too for Socket Mode, or SLACK_SIGNING_SECRET for HTTP"),
        ({"SLACK_APP_TOKEN": APP}, "SLACK_BOT_TOKEN is missing"),
        ({"SLACK_BOT_TOKEN": BOT, "SLACK_BOT_TOKEN_FILE": "/x"}, "SLACK_BOT_TOKEN_FILE is set too; keep one of them"),
    ],
)
def test_half_a_set_of_settings_says_which_half_is_missing(
    clean: pytest.MonkeyPatch, environment: dict[str, str], said: str
) -> None:
    assert said in " ".join(refused(clean, **environment))


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://slack.com/api/", True), ("http://127.0.0.1:80/api/", True), ("http://[::1]:80/api/", True),
        ("http://localhost/api/", True), ("http://slack.com/api/", False), ("http://127.0.0.1.example/api/", False),
        ("https://slack.com/", False), ("https://slack.com/api", False), ("ftp://127.0.0.1/api/", False), ("", True),
    ],
)  # fmt: skip
def test_slacks_address_is_https_or_this_machine(clean: pytest.MonkeyPatch, address: str, good: bool) -> None:
    clean.setenv("SLACK_API_URL", address)
    if good:
        assert read_settings().slack_api_url.endswith("/api/")
    else:
        with pytest.raises(InvalidSettings, match="SLACK_API_URL"):
            read_settings()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DISCORD_API_URL", "http://discord.com/api/v10", "give a https:// address"),
        ("DISCORD_GATEWAY_URL", "ws://gateway.discord.gg", "give a wss:// address"),
        ("DISCORD_GATEWAY_URL", "https://gateway.discord.gg", "give a wss:// address"),
        ("BRIEFBOT_DISCORD_SHARDS", "8/8", "as in 0-3/8"),
        ("BRIEFBOT_DISCORD_SHARDS", "3-1/8", "as in 0-3/8"),
        ("BRIEFBOT_DISCORD_SHARDS", "all", "as in 0-3/8"),
        ("DISCORD_BOT_TOKEN", '"quoted"', "holds a quote"),
        ("DISCORD_BOT_TOKEN", "two\nlines", "holds a quote, a line break"),
        ("DISCORD_BOT_TOKEN_FILE", "/dev/null", "which is empty"),
        ("SLACK_SIGNING_SECRET", "xapp" + "-1", "is no Signing Secret"),
        ("DATABASE_URL", "mysql://canary@db.example/x", "give sqlite:///folder/file or postgresql://user:password@"),
        ("DATABASE_URL", "briefbot.db", "give sqlite:///"),
        ("DATABASE_URL_FILE", "/dev/null", "which is empty"),
        ("BRIEFBOT_OPERATORS", "#ops", '"#ops" is no place; write such as'),
        ("BRIEFBOT_OPERATORS", "slack:T1/ops", "is no place on slack; write such as slack:T0"),
        ("BRIEFBOT_SUBSCRIBERS", "slack:T1/@U1, slack:T1/C1", '"slack:T1/C1" is no person; write such as slack:T0'),
    ],
)
def test_a_setting_that_cannot_be_used_says_why(clean: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    (line,) = [line for line in refused(clean, **{name: value}) if "SLACK_BOT_TOKEN" not in line]
    assert line.startswith(f"{name.removesuffix('_FILE')}: ")
    assert said in line


def test_the_database_is_a_file_among_the_programs_own_unless_another_is_named(
    clean: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clean.setenv("BRIEFBOT_DATA_DIR", str(tmp_path))
    assert read_settings().database == f"sqlite:///{tmp_path}/briefbot.db"
    clean.setenv("DATABASE_URL", "postgresql://briefbot:canary@db.example/briefbot")
    settings = read_settings()
    assert settings.database == "postgresql://briefbot:canary@db.example/briefbot"
    assert "canary" not in repr(settings)
    clean.setenv("DATABASE_URL", "mysql://briefbot:canary@db.example/briefbot")
    with pytest.raises(InvalidSettings) as raised:
        read_settings()
    assert "canary" not in str(raised.value)


def test_places_people_and_the_file_of_subscriptions_are_read(clean: pytest.MonkeyPatch) -> None:
    assert (read_settings().operators, read_settings().allowed, read_settings().subscriptions) == (
        "",
        frozenset(),
        None,
    )
    clean.setenv("BRIEFBOT_OPERATORS", " slack:T1/C1 ")
    clean.setenv("BRIEFBOT_SUBSCRIBERS", "slack:T1/@U1, discord:1/@2")
    clean.setenv("BRIEFBOT_SUBSCRIPTIONS", "~/team.yaml")
    settings = read_settings()
    assert (settings.operators, settings.allowed) == ("slack:T1/C1", frozenset({"slack:T1/@U1", "discord:1/@2"}))
    assert settings.subscriptions == Path.home() / "team.yaml"


def test_shards_are_a_range_of_how_many(clean: pytest.MonkeyPatch) -> None:
    assert read_settings().shards is None
    clean.setenv("BRIEFBOT_DISCORD_SHARDS", "2-3/8")
    assert read_settings().shards == (range(2, 4), 8)
    clean.setenv("BRIEFBOT_DISCORD_SHARDS", "7/8")
    assert read_settings().shards == (range(7, 8), 8)


def test_an_address_to_listen_at_may_be_of_any_family(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("BRIEFBOT_LISTEN", "[::1]:8081")
    assert read_settings().listen_address == ("::1", 8081)


def test_an_address_that_is_taken_is_said_in_one_line(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with running(SLACK_BOT_TOKEN=BOT, SLACK_SIGNING_SECRET="0" * 32, BRIEFBOT_LISTEN=listen,
                     SLACK_API_URL="http://127.0.0.1:9/api/") as bot:  # fmt: skip
            assert bot.process.wait(30) == 3
    said = [line for line in bot.log if not line.startswith("{")]
    assert len(said) == 1
    assert listen in said[0]
