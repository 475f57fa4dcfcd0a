import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from bot.platforms import PLATFORMS, limits
from briefings.document_json import schema
from tests.builders import AIRSHIPS, GOOD, written
from tests.json_schema import objections
from tests.program import Ran, program

ROOT = Path(__file__).parent.parent
PROGRAM = str(ROOT / ".venv/bin/briefbot")


def briefbot(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the real program as its users do: where its streams, its start or its end matter."""
    return subprocess.run(
        [PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=60,
        check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("BRIEFBOT_")} | environment,
    )


def ask(line: str, *options: str) -> Ran:
    return program("ask", line, *options)


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("/company zephyr", 0, "Home market: Ruritania."),
        ("company zephyr", 0, "Home market: Ruritania."),
        ("/COMPANY Zephyr Airships", 0, "Home market: Ruritania."),
        ("/theme sightseeing", 0, "Sky tourism"),
        ("/companies", 0, "3 companies with 9 claims in all."),
        ("/themes", 0, "3 themes with 10 claims in all."),
        ("/source leaflet", 0, "Fly slowly"),
        ("/help", 0, "/company Zephyr Airships"),
        ("/company Hindenburg", 1, "No entry for “Hindenburg”"),
        ("/theme zephyr", 1, "/company zephyr"),
        ("/source nothing", 1, "The file knows no source by that id"),
        ("/company", 2, "Write /company NAME [as_of:DATE], for example /company Zephyr Airships."),
        ("/fly", 2, "“/fly” is not a command"),
        ("zephyr", 0, "/company zephyr page:2"),
        ("ZPH as_of:2031-04", 2, "“as_of:2031-04” lies in the future"),
        ("helium", 0, "Helium was scarce."),
        ("what of Nimbus Lines?", 2, "/company nimbus"),
        ("/zephyr", 2, "/company zephyr"),
        ("", 2, "Nothing was asked"),
        ("/companies zephyr", 2, "/companies takes nothing after it"),
        ("/company zephyr page:0", 2, "“page:0” names no page; write a number, as in page:2."),
        ("/company " + "x" * 10_000, 2, "NAME has at most 200 characters; this was 10,000."),
    ],
)
def test_ask_answers_and_its_status_says_how_it_went(line: str, status: int, said: str) -> None:
    ran = ask(line)
    assert said in ran.stdout
    assert (ran.status, ran.stderr) == (status, "")


@pytest.mark.parametrize(("line", "status"), [("/company zephyr", 0), ("/company Hindenburg", 1), ("/fly", 2)])
def test_the_real_program_answers_as_it_does_within_the_tests(line: str, status: int) -> None:
    ran = briefbot("ask", line, "--knowledge", str(AIRSHIPS), COLUMNS="200")
    assert Ran(ran.returncode, ran.stdout, ran.stderr) == ask(line)
    assert ran.returncode == status


def test_ask_prints_one_page_or_all() -> None:
    first, second, everything = (ask("/company zephyr", *o).stdout for o in ([], ["--page", "2"], ["--all"]))
    assert "Page 1 of 2" in first
    assert "Page 2 of 2" in second
    assert ask("/company zephyr page:2").stdout == second
    assert "Page " not in everything
    assert "What matters most" in everything
    assert "Opinions" in everything


def test_a_page_that_does_not_exist_is_refused_with_the_way_out() -> None:
    ran = ask("/company zephyr", "--page", "9")
    assert ran.status == 2
    assert "this answer has 2" in " ".join(ran.stderr.split())
    assert ask("/company zephyr", "--page", "2", "--all").status == 2
    assert ask("/company zephyr", "--page", "0").status == 2


def test_ask_as_json_is_the_whole_document_of_its_schema() -> None:
    ran = ask("/company zephyr", "--as", "json")
    value = json.loads(ran.stdout)
    assert objections(schema(), value) == []
    assert value["command"] == "/company zephyr"
    assert value["page"] is None
    assert json.loads(ask("/company zephyr", "--as", "json", "--page", "2").stdout)["page"]["number"] == 2
    assert ask("/company nobody", "--as", "json").status == 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_ask_prints_what_a_platform_is_sent(platform: str) -> None:
    ran = ask("/company zephyr", "--as", platform)
    assert ran.status == 0
    assert ran.stderr == ""
    payload = ran.stdout.rstrip("\n") if platform == "terminal" else json.loads(ran.stdout)
    assert limits(platform).violations(payload) == []
    assert "Zephyr Airships" in limits(platform).shown(payload)


def test_a_form_that_does_not_exist_is_refused_with_those_that_do() -> None:
    ran = ask("/help", "--as", "telex")
    assert ran.status == 2
    assert "text, json" in " ".join(ran.stderr.split())
    assert ask("/help", "--as", "slack", "--all").status == 2


def test_check_counts_a_good_folder_and_lists_what_to_look_at() -> None:
    ran = program("check", str(AIRSHIPS))
    assert ran.status == 0
    assert "warning: airships.yaml:55: url: plain http" in ran.stdout
    assert "3 companies, 3 themes, 3 sources, 11 claims: no problem, 1 to look at." in ran.stdout


def test_check_without_a_path_checks_what_is_curated() -> None:
    ran = briefbot("check")
    assert (ran.returncode, "no problem" in ran.stdout) == (0, True)


def test_check_tells_every_problem_and_fails(tmp_path: Path) -> None:
    ran = program("check", str(written(tmp_path, GOOD.replace("fact", "rumour").replace("language: en", "x: y"))))
    assert ran.status == 1
    assert "all.yaml:22: kind:" in ran.stderr
    assert "all.yaml:16: x: unknown key" in ran.stderr
    assert "3 problems in the knowledge; nothing was loaded." in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("command", [["ask", "/help"], ["run"]])
def test_knowledge_that_cannot_be_used_is_said_without_a_traceback(tmp_path: Path, command: list[str]) -> None:
    ran = program(*command, "--knowledge", str(tmp_path / "missing"))
    assert ran.status == 3
    assert "no such folder; give one that holds *.yaml files" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_settings_that_cannot_be_used_are_all_said(tmp_path: Path) -> None:
    ran = program("ask", "/help", BRIEFBOT_LOG_LEVEL="LOUD")
    assert ran.status == 3
    assert "BRIEFBOT_LOG_LEVEL: " in ran.stderr
    assert "'LOUD'" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_knowledge_folder_is_a_setting_too() -> None:
    assert "Zephyr" in briefbot("ask", "/companies", BRIEFBOT_KNOWLEDGE=str(AIRSHIPS)).stdout


def test_a_pipe_is_answered_line_by_line() -> None:
    ran = briefbot(
        "run", "--knowledge", str(AIRSHIPS), stdin="/theme helium\nnonsense\n\n/company Hindenburg\n/theme safety"
    )
    assert ran.returncode == 0
    for said in ("Helium was scarce.", "“nonsense” is no command", "No entry for “Hindenburg”", "flying too low"):
        assert said in ran.stdout
    assert ran.stderr == ""


def test_bytes_that_are_no_text_are_answered(tmp_path: Path) -> None:
    ran = subprocess.run(
        [PROGRAM, "run", "--knowledge", str(AIRSHIPS)],
        input=b"/company \xff\xfe\x00\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0
    assert b"No entry for" in ran.stdout


def test_the_program_in_this_process_leaves_what_becomes_of_broken_pipes_as_it_was() -> None:
    before = signal.getsignal(signal.SIGPIPE)
    assert program("ask", "/help").status == 0
    assert signal.getsignal(signal.SIGPIPE) is before is signal.SIG_IGN


def test_an_interrupt_ends_a_pipe_that_is_still_open() -> None:
    child = subprocess.Popen(
        [PROGRAM, "run"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a suite in the background ignores it
    )
    assert child.stdin
    assert child.stdout
    child.stdin.write(b"/help\n")
    child.stdin.flush()
    assert child.stdout.readline() == b"Help\n"
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=60) != 0
    assert child.stderr
    assert b"Traceback" not in child.stderr.read()


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["ask /help", "run", "check"])
def test_closed_streams_are_no_error(command: str, redirection: str) -> None:
    line = f"{PROGRAM} {command} {redirection}"
    ran = subprocess.run(line, shell=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.parametrize("command", ["ask /help", "check"])
def test_an_output_that_is_full_is_said(command: str) -> None:
    line = f"{PROGRAM} {command} > /dev/full"
    ran = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 3
    assert "the answer could not be written" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("level", ["debug", "Warning"])
def test_a_log_level_may_be_written_in_any_case(level: str) -> None:
    assert program("ask", "/help", BRIEFBOT_LOG_LEVEL=level).status == 0


def test_a_home_that_is_not_known_is_said(tmp_path: Path) -> None:
    ran = program("ask", "/help", BRIEFBOT_KNOWLEDGE="~nobody-at-all/x")
    assert ran.status == 3
    assert "BRIEFBOT_KNOWLEDGE: " in ran.stderr
    assert "give the folder whole" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_page_in_the_line_that_does_not_exist_is_refused_too() -> None:
    assert ask("/company zephyr page:99").status == 2
    assert json.loads(ask("/company zephyr page:2", "--as", "json").stdout)["page"]["number"] == 2


@pytest.mark.parametrize(("command", "status"), [("ask /changes --all", 141), ("run", 0)])
def test_a_reader_who_leaves_early_sees_no_error(command: str, status: int) -> None:
    line = f"yes /changes | head -50 | {PROGRAM} {command} | head -1; echo ${{PIPESTATUS[2]}}"
    ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == ["Changes", str(status)]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_that_cannot_show_chinese_still_answers(encoding: str) -> None:
    ran = briefbot("ask", "/company Tencent", PYTHONIOENCODING=encoding)
    assert ran.returncode == 0
    assert "Tencent" in ran.stdout


def test_the_version_is_told() -> None:
    assert briefbot("--version").stdout.startswith("briefbot 0.")


def test_ask_imports_only_what_an_answer_into_a_pipe_needs() -> None:
    ran = subprocess.run(
        [
            sys.executable, "-c",
            "import atexit, sys\nfrom bot.__main__ import main\n"
            "atexit.register(lambda: print(*sorted({name.partition('.')[0] for name in sys.modules})))\n"
            "sys.argv = ['briefbot', 'ask', '/company tencent']\nmain()\n",
        ],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    loaded = set(ran.stdout.splitlines()[-1].split())
    assert "knowledge" in loaded
    assert not loaded & {
        "slack_bolt", "slack_sdk", "discord", "sqlalchemy", "apscheduler", "pypinyin", "aiohttp", "prompt_toolkit",
        "structlog", "watchfiles", "asyncio", "sqlite3", "rich", "rapidfuzz", "cronsim", "typer",
    }  # fmt: skip
