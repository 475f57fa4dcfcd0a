import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from bot.log import without_secrets
from bot.settings import CURATED, InvalidSettings, read_settings

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
