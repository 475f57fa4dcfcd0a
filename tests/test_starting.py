"""How the cold start is measured."""

import json
import os
import subprocess
import sys

from tests.benchmarks.wholly import around, stopped_at, whole


def test_a_whole_process_is_measured_with_the_start_of_python() -> None:
    nothing, something = (whole([sys.executable, "-c", code], around()) for code in ("", "sum(range(30_000_000))"))
    assert 0 < nothing.seconds(1) < something.seconds(1)


def test_a_process_is_stopped_where_it_tells_of_it_and_its_children_are_counted_apart() -> None:
    child = "[subprocess.run([sys.executable, '-c', 'sum(range(5_000_000))']) for _ in range(2)]"
    code = f"import subprocess, sys, time; {child}; print('ready', file=sys.stderr, flush=True); time.sleep(60)"
    seconds, children, _ = stopped_at([sys.executable, "-c", code], around(), ["ready"], lambda pid: os.kill(pid, 9))
    assert 0 < children < seconds


def test_where_a_start_goes_is_told_by_what_is_imported() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.traced_start", "ask", "/help"]
    shares = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    assert {"pydantic", "jinja2", "bot", "work"} <= shares.keys()
    assert all(seconds >= 0 for seconds in shares.values())
