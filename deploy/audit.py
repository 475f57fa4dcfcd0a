"""Asks the OSV database whether a library of the image has a known vulnerability: `make audit`.

Status 0: none is known. 1: there are some, which are listed. 2: the database did not answer as it should, so nothing is
known either way. It is asked about a library with old, known vulnerabilities too; a database that does not know
those, such as a mirror that answers everything with nothing, cannot clear the others.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parent / "requirements.lock"
OSV = "https://api.osv.dev/v1/query"
KNOWN_BAD, VERSION = "django", "2.0"  # which no lock of ours will ever hold
NONE, SOME, UNKNOWN = 0, 1, 2


def asked(files: list[Path], url: str) -> list[dict[str, Any]] | str:
    """Returns what the database says of each library of some files, or why nothing is known."""
    command = [Path(sys.executable).parent / "pip-audit", "--disable-pip", "--no-deps", "--progress-spinner", "off"]
    more = ["--format", "json", "--vulnerability-service", "osv", "--osv-url", url]
    named = [word for file in files for word in ("--requirement", file)]
    ended = subprocess.run([*command, *more, *named], capture_output=True, text=True, check=False)
    try:
        libraries: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError):
        return (ended.stderr.strip().splitlines() or [f"pip-audit ended with status {ended.returncode}"])[-1]
    skipped = [f"{one['name']}: {one['skip_reason']}" for one in libraries if "skip_reason" in one]
    return "; ".join(skipped) or libraries


def told(libraries: list[dict[str, Any]]) -> list[str]:
    """Returns a line on each known vulnerability, with the versions that have it no longer."""
    return [
        f"{one['name']} {one['version']}: {found['id']}, mended in {' or '.join(found['fix_versions']) or 'no version'}"
        for one in libraries
        for found in one["vulns"]
    ]


def audited(lock: Path, url: str) -> tuple[int, list[str]]:
    """Returns the status, and the lines to tell."""
    with tempfile.TemporaryDirectory() as folder:
        proof = Path(folder) / "known-bad.txt"
        proof.write_text(f"{KNOWN_BAD}=={VERSION} --hash=sha256:{'0' * 64}\n")  # asked after, never fetched
        answer = asked([proof, lock], url)
    if isinstance(answer, str):
        return UNKNOWN, [f"{url} could not be asked, so nothing is known: {answer}"]
    libraries = [one for one in answer if one["name"] != KNOWN_BAD]
    if not told([one for one in answer if one["name"] == KNOWN_BAD]):
        reason = f"does not know even {KNOWN_BAD} {VERSION}, so nothing is known: ask where OSV can be reached"
        return UNKNOWN, [f"{url} {reason}"]
    lines = told(libraries)
    return (SOME if lines else NONE), lines or [f"{len(libraries)} libraries: no vulnerability is known"]


def main() -> None:
    """Audits the lock; `audit.py LOCK URL` another one, or by another database."""
    lock, url = (*sys.argv[1:], *(str(LOCK), OSV)[len(sys.argv) - 1 :])
    status, lines = audited(Path(lock), url)
    (sys.stderr if status else sys.stdout).write("\n".join(lines) + "\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
