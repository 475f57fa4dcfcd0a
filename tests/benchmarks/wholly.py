"""Whole processes, measured by what the kernel says of each once it has ended."""

import os
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from tests.benchmarks.measuring import Side

OURS = ("BRIEFBOT_", "SLACK_", "DISCORD_", "DATABASE_", "PYTHON", "PYDANTIC_")
Seen = Callable[[int], None]


def around(**settings: str) -> dict[str, str]:
    """Returns the environment without what is ours or Python's, and with these settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | settings


def whole(command: Sequence[str], environment: Mapping[str, str]) -> Side:
    """Measures processes from their first instruction to their last."""
    return _side(lambda: _ended(command, environment))


def until_told(command: Sequence[str], environment: Mapping[str, str], told: Collection[str]) -> Side:
    """Measures processes from their first instruction until they have logged all that is `told`; then they are killed."""
    return _side(lambda: stopped_at(command, environment, told, lambda pid: os.kill(pid, 9))[0])


def stopped_at(
    command: Sequence[str], environment: Mapping[str, str], told: Collection[str], then: Seen
) -> tuple[float, float, str]:
    """Runs a process, calls `then` once it has logged all that is `told`, and waits for its end.

    Returns its CPU seconds and, of these, those of its own processes, as far as it has waited for them; and what it
    wrote to standard output.
    """
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    wanted, logged = set(told), ""
    for line in process.stderr:
        logged += line
        wanted = {text for text in wanted if text not in line}
        if not wanted:
            break
    else:
        raise AssertionError(f"it ended without {sorted(wanted)}: {logged}")
    children = _of_children(process.pid)
    then(process.pid)
    said = process.stdout.read()
    process.stderr.read()
    _, process.returncode, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.stderr.close()
    return usage.ru_utime + usage.ru_stime, children, said


def _ended(command: Sequence[str], environment: Mapping[str, str]) -> float:
    null = [(os.POSIX_SPAWN_OPEN, one, os.devnull, os.O_RDWR, 0) for one in (0, 1)]
    pid = os.posix_spawn(command[0], list(command), environment, file_actions=null)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise AssertionError(f"{command}: status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def _of_children(pid: int) -> float:
    """Returns the CPU seconds of the processes that a process has waited for."""
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[13:15]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def _side(seconds: Callable[[], float]) -> Side:
    spent = 0.0

    def run(calls: int) -> None:
        nonlocal spent
        spent += sum(seconds() for _ in range(calls))

    return Side(run, lambda: spent)
