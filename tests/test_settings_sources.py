"""Where settings come from, the strongest first, and how all that is wrong with them is told."""

import pwd
from pathlib import Path

import pytest

from bot.settings import InvalidSettings, Reading, Settings, read
from bot.settings.listing import HIDDEN, every_setting, in_effect
from bot.settings.names import is_secret
from tests.program import program

BOT, APP = "xox" + "b-canary-1", "xap" + "p-canary-1"
KUBERNETES = {
    "BRIEFBOT_SERVICE_HOST": "10.0.0.7", "BRIEFBOT_SERVICE_PORT": "8080", "BRIEFBOT_SERVICE_PORT_HTTP": "8080",
    "BRIEFBOT_PORT": "tcp://10.0.0.7:8080", "BRIEFBOT_PORT_8080_TCP": "tcp://10.0.0.7:8080",
    "BRIEFBOT_PORT_8080_TCP_ADDR": "10.0.0.7", "BRIEFBOT_HTTP_SERVICE_HOST": "10.0.0.8",
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "briefbot.yaml"


def reading(file: Path, text: str, **environment: str) -> Reading:
    """Reads a file of settings, and the environment."""
    file.write_text(text)
    return read(environment={"BRIEFBOT_CONFIG": str(file)} | environment)


def problems(file: Path, text: str, **environment: str) -> list[str]:
    """Returns what is wrong, without the folder of the file."""
    return [one.replace(f"{file.parent}/", "") for one in reading(file, text, **environment).problems]


def test_an_option_is_stronger_than_a_variable_and_a_variable_than_the_file(file: Path) -> None:
    file.write_text("listen: 127.0.0.1:1\nlog_level: debug\nknowledge: /file\n")
    around = {"BRIEFBOT_CONFIG": str(file), "BRIEFBOT_LISTEN": "127.0.0.1:2", "BRIEFBOT_KNOWLEDGE": "/variable"}
    found = read({"knowledge": Path("/option")}, around)
    assert found.problems == ()
    assert (found.settings.knowledge, found.settings.listen, found.settings.log_level) == (
        Path("/option"), "127.0.0.1:2", "DEBUG",
    )  # fmt: skip
    assert {field: one.origin for field, one in found.given.items()} == {
        "config": "environment", "knowledge": "option", "listen": "environment", "log_level": f"{file}:2",
    }  # fmt: skip


def test_an_empty_variable_leaves_the_file_its_say(file: Path) -> None:
    assert reading(file, "listen: 127.0.0.1:1", BRIEFBOT_LISTEN="").settings.listen == "127.0.0.1:1"


def test_paths_in_the_file_lie_beside_it_and_a_list_is_a_text_with_commas(file: Path) -> None:
    (file.parent / "token").write_text(f"{BOT}\n")
    (file.parent / "app").write_text(APP)
    text = "knowledge: mine\ndata_dir: ~/ours\nsubscribers: [slack:T1/@U1, slack:T1/@U2]\n"
    found = reading(file, f"{text}slack_bot_token_file: token\nslack_app_token_file: {file.parent}/app\n")
    assert found.problems == ()
    assert (found.settings.knowledge, found.settings.data_dir) == (file.parent / "mine", Path("~/ours").expanduser())
    assert found.settings.allowed == {"slack:T1/@U1", "slack:T1/@U2"}
    assert found.settings.slack_bot_token
    assert found.settings.slack_bot_token.get_secret_value() == BOT
    assert found.given["slack_bot_token"].origin == f"{file}:4, {file.parent}/token"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "~\n"])
def test_a_file_may_be_empty(file: Path, text: str) -> None:
    assert reading(file, text).problems == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lisen: x", 'briefbot.yaml:1: lisen: there is no such setting; did you mean "listen"?'),
        ("\nBRIEFBOT_LISTEN: x", 'briefbot.yaml:2: BRIEFBOT_LISTEN: there is no such setting; did you mean "listen"?'),
        ("colour: blue", "briefbot.yaml:1: colour: there is no such setting; `briefbot settings` lists them all"),
        ("listen: a\nlisten: b", "briefbot.yaml:2: listen: this key stands already in line 1; keep one of the two"),
        ("listen: {host: a}", "briefbot.yaml:1: listen: it has no text; give a value, or a list of texts, or remove "
                              "the line"),
        ("listen:", "briefbot.yaml:1: listen: it has no text; give a value, or a list of texts, or remove the line"),
        ("listen: 8080", "briefbot.yaml:1: listen: give an address and a port, as in 127.0.0.1:8080; it was '8080'"),
        ("- listen", "briefbot.yaml:1: not a list of settings; write key: value"),
        ("listen: 'a", "briefbot.yaml:1: not valid YAML: "),
        ("listen: *a", "briefbot.yaml:1: anchors and aliases (a) are not accepted; write it out"),
        ("config: other.yaml", "briefbot.yaml:1: config: a file of settings names no other; remove the line"),
        (f"slack_bot_token: {BOT}", "briefbot.yaml:1: slack_bot_token: a secret does not stand in this file; write "
                                    "slack_bot_token_file: and the file that holds it, or set SLACK_BOT_TOKEN"),
        ("database_url: sqlite:///x", "briefbot.yaml:1: database_url: a secret does not stand in this file; write "
                                      "database_url_file: and the file that holds it, or set DATABASE_URL"),
        ("discord_bot_token_file: none", "briefbot.yaml:1: discord_bot_token_file: discord_bot_token_file names none, "
                                         "which cannot be read: No such file or directory"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_told_with_its_line(file: Path, text: str, said: str) -> None:
    [problem] = problems(file, text)
    assert problem.startswith(said)
    assert "canary" not in problem


def test_a_file_that_is_not_there_is_told() -> None:
    [problem] = read(environment={"BRIEFBOT_CONFIG": "/no/such.yaml"}).problems
    assert problem.startswith("BRIEFBOT_CONFIG: /no/such.yaml cannot be read: No such file or directory; correct")


def test_all_that_is_wrong_anywhere_is_told_at_once_and_the_rest_is_kept(file: Path) -> None:
    found = reading(
        file, "lisen: 1\nlog_level: loud\nslack_api_url: https://slack.com/\noperators: slack:T1/C1\n",
        BRIEFBOT_LISTEN="8080", BRIEFBOT_DATADIR="/x", SLACK_BOT_TOKEN=BOT, DISCORD_BOT_TOKEN="canary",
        DATABASE_URL_FILE="/no/such",
    )  # fmt: skip
    said = [one.replace(f"{file}:", "") for one in found.problems]
    assert [one.partition(": ")[0] for one in said] == [
        "1", "BRIEFBOT_DATADIR", "2", "BRIEFBOT_LISTEN", "DATABASE_URL",
        "SLACK_BOT_TOKEN is set, but not how Slack reaches us", "3", "DISCORD_BOT_TOKEN",
    ]  # fmt: skip
    assert "canary" not in "".join(said)
    assert found.wrong == {
        "log_level", "slack_api_url", "listen", "slack_bot_token", "discord_bot_token", "database_url",
    }  # fmt: skip
    assert (found.settings.operators, found.settings.listen, found.settings.platforms) == (
        "slack:T1/C1", "127.0.0.1:8080", False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("BRIEFBOT_LISTN", "did you mean BRIEFBOT_LISTEN?"),
        ("briefbot_listen", "did you mean BRIEFBOT_LISTEN?"),
        ("BRIEFBOT_SLACK_BOT_TOKEN", "did you mean SLACK_BOT_TOKEN?"),
        ("BRIEFBOT_DATABASE_URL_FILE", "did you mean DATABASE_URL_FILE?"),
        ("BRIEFBOT_PORT", "`briefbot settings` lists them all"),
        ("BRIEFBOT_FAVOURITE_COLOUR", "`briefbot settings` lists them all"),
    ],
)
def test_a_variable_that_begins_as_ours_and_is_none_is_refused(name: str, said: str) -> None:
    [problem] = read(environment={name: "canary"}).problems
    assert problem.startswith(f"{name}: there is no such setting; ")
    assert said in problem
    assert "canary" not in problem


def test_what_kubernetes_sets_for_a_service_of_our_name_is_no_setting() -> None:
    found = read(environment=KUBERNETES)
    assert (found.problems, found.warnings, dict(found.given)) == ((), (), {})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SLACK_BOTTOKEN", "SLACK_BOT_TOKEN"),
        ("SLACK_TOKEN", "SLACK_BOT_TOKEN"),
        ("slack_app_token", "SLACK_APP_TOKEN"),
        ("SLACK_SIGNING_SECRET_FILES", "SLACK_SIGNING_SECRET_FILE"),
        ("DISCORD_TOKEN", "DISCORD_BOT_TOKEN"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("DATABASE_NAME", None),
        ("DATABASE_PASSWORD", None),
        ("SLACK_WEBHOOK_URL", None),
        ("SLACK_CHANNEL", None),
        ("DISCORD_WEBHOOK_URL", None),
        ("SLACKER", None),
    ],
)
def test_a_variable_that_others_may_have_too_is_told_where_it_nearly_is_ours(name: str, meant: str | None) -> None:
    found = read(environment={name: "canary"})
    assert found.problems == ()
    assert found.warnings == ((f"{name}: it is no setting; did you mean {meant}?",) if meant else ())
    if meant:
        assert read(environment={name: "canary", meant: "set"}).warnings == ()


def test_a_token_in_the_wrong_place_is_not_repeated() -> None:
    [problem] = read(environment={"SLACK_API_URL": BOT}).problems
    assert "canary" not in problem


def test_settings_shows_each_with_its_meaning_and_origin_in_80_columns_and_no_secret(file: Path) -> None:
    file.write_text("log_level: debug\n")
    ran = program(
        "settings", BRIEFBOT_CONFIG=str(file), SLACK_BOT_TOKEN=BOT, SLACK_APP_TOKEN=APP, BRIEFBOT_LOG_LEVEL="",
        DATABASE_URL="postgresql://briefbot:canary@db.example/briefbot", DISCORD_BOTTOKEN="x", DISCORD_WEBHOOK="x",
    )  # fmt: skip
    assert (ran.status, ran.stderr) == (0, "DISCORD_BOTTOKEN: it is no setting; did you mean DISCORD_BOT_TOKEN?\n")
    text = " ".join(ran.stdout.split())
    assert f"BRIEFBOT_LOG_LEVEL = debug {file}:1; without: INFO The least that is logged." in text
    assert f"SLACK_BOT_TOKEN = {HIDDEN} environment Turns Slack on" in text
    assert f"DATABASE_URL = {HIDDEN} environment The digests' database" in text
    assert "BRIEFBOT_LISTEN = 127.0.0.1:8080 default The address" in text
    assert "BRIEFBOT_OPERATORS not set The place" in text
    assert "canary" not in ran.stdout + ran.stderr
    assert all(one.variables[0] in text and one.meaning in text for one in every_setting())
    assert max(len(line) for line in ran.stdout.splitlines() if str(file) not in line) <= 80


def test_settings_shows_them_also_where_some_cannot_be_used() -> None:
    ran = program("settings", BRIEFBOT_LISTEN="8080", BRIEFBOT_LISTENS="x")
    assert ran.status == 3
    assert (
        "BRIEFBOT_LISTEN = 8080\n    environment; without: 127.0.0.1:8080; it cannot be used, see below\n" in ran.stdout
    )
    assert [line.partition(":")[0] for line in ran.stderr.splitlines()] == ["BRIEFBOT_LISTENS", "BRIEFBOT_LISTEN"]


def test_other_commands_tell_all_that_is_wrong_and_do_nothing() -> None:
    ran = program("ask", "/help", BRIEFBOT_LISTEN="8080", BRIEFBOT_LISTENS="x")
    assert (ran.status, ran.stdout, len(ran.stderr.splitlines())) == (3, "", 2)


def test_where_no_home_is_known_the_folder_for_data_must_be_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> object:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(InvalidSettings, match="BRIEFBOT_DATA_DIR: no home folder is known here; give the folder whole"):
        reading(file, "log_level: debug\n")
    assert problems(file, "log_level: debug\n", BRIEFBOT_DATA_DIR="/data") == []


def test_a_run_warns_of_what_is_perhaps_meant_to_be_a_setting() -> None:
    ran = program("run", stdin="", SLACK_BOTTOKEN="canary")
    assert (ran.status, "canary" in ran.stderr) == (0, False)
    assert "SLACK_BOTTOKEN: it is no setting; did you mean SLACK_BOT_TOKEN?" in ran.stderr


def test_every_field_has_a_meaning_and_every_secret_a_file() -> None:
    some = list(every_setting())
    assert [one.field for one in some] == list(Settings.model_fields)
    assert all(one.meaning.endswith(".") for one in some)
    assert all(one.key == (f"{one.field}_file" if is_secret(one.field) else one.field) for one in some[1:])
    assert all(len(one.variables) == (2 if is_secret(one.field) else 1) for one in some)


def test_a_value_is_shown_as_it_stands_and_cannot_command_a_terminal() -> None:
    found = read(environment={"BRIEFBOT_KNOWLEDGE": "/a\x1b[31m"})
    [one] = [one for one in in_effect(found) if one.setting.field == "knowledge"]
    assert one.value == "/a\\x1b[31m"
