"""What the image is made of is pinned, listed, licensed as we allow, and asked after."""

import json
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.generated import ROOT

LOCKS = [ROOT / "deploy/requirements.lock", ROOT / "deploy/build.lock"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BIN = Path(sys.executable).parent


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_library_of_a_lock_is_pinned_and_hashed_and_no_registry_is_named(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    entries = re.split(r"\n(?=\w)", text.strip())
    assert len(entries) == len(pins(lock))
    for entry in entries:
        first, *hashes = [line.strip(" \\") for line in entry.splitlines()]
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", first)
        assert hashes
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes)


def test_the_locks_agree_with_the_pins_of_the_project() -> None:
    pinned = dict(pin.split("==") for pin in PROJECT["tool"]["uv"]["constraint-dependencies"])
    for lock in LOCKS:
        assert pins(lock).items() <= pinned.items()


def test_what_builds_the_wheel_is_locked_with_the_version_that_the_project_asks_for() -> None:
    (asked,) = PROJECT["build-system"]["requires"]
    assert PROJECT["dependency-groups"]["build"] == [asked]
    name, version = asked.split("==")
    assert pins(LOCKS[1])[name] == version


def test_what_the_program_needs_is_in_the_lock_and_the_tools_of_development_are_not() -> None:
    needed = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["postgres"]]
    locked = set(pins(LOCKS[0]))
    assert {re.split(r"[\[<>=!~; ]", one)[0] for one in needed} <= locked
    assert not {"pytest", "mypy", "ruff", "hatchling", "pypinyin", "pip"} & locked


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `make sbom` has written its lists, of a copy of what it reads."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("deploy/sbom.py", "deploy/requirements.lock", "pyproject.toml"):
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    subprocess.run([sys.executable, copy / "deploy/sbom.py"], check=True, capture_output=True)
    return copy


def bill(lists: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((lists / "dist/sbom.json").read_text())
    return made


def test_the_bill_of_materials_lists_what_the_image_holds_and_no_tool(lists: Path) -> None:
    made = bill(lists)
    assert (made["bomFormat"], made["metadata"]["component"]["name"]) == ("CycloneDX", "briefbot")
    listed = {re.sub(r"[-_.]+", "-", part["name"]).lower(): part["version"] for part in made["components"]}
    assert listed.items() <= pins(LOCKS[0]).items()
    elsewhere = {"audioop-lts", "colorama"}  # of newer Pythons, and of Windows
    assert set(pins(LOCKS[0])) - set(listed) <= elsewhere


def test_the_bill_of_materials_says_the_licence_of_each_and_nothing_of_this_machine(lists: Path) -> None:
    assert all(part["licenses"] and part["purl"] for part in bill(lists)["components"])
    assert str(lists) not in (lists / "dist/sbom.json").read_text()
    assert str(ROOT) not in (lists / "dist/sbom.json").read_text()


def test_the_bill_of_materials_refers_to_nothing_that_it_does_not_list(lists: Path) -> None:
    made = bill(lists)
    refs = {made["metadata"]["component"]["bom-ref"], *(part["bom-ref"] for part in made["components"])}
    assert {one["ref"] for one in made["dependencies"]} == refs
    assert {ref for one in made["dependencies"] for ref in one.get("dependsOn", ())} <= refs


@pytest.mark.long
def test_the_bill_of_materials_holds_to_the_schema_of_cyclonedx(lists: Path) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = (lists / "dist/sbom.json").read_text()
    version = SchemaVersion.from_version(bill(lists)["specVersion"])
    assert JsonStrictValidator(version).validate_str(text) is None


def test_the_list_of_licences_names_every_library(lists: Path) -> None:
    rows = (lists / "dist/licences.md").read_text().splitlines()[2:]
    names = {re.sub(r"[-_.]+", "-", row.split("|")[1].strip()).lower() for row in rows}
    assert names == {re.sub(r"[-_.]+", "-", part["name"]).lower() for part in bill(lists)["components"]}


def test_a_licence_that_is_not_allowed_is_named(lists: Path) -> None:
    project = lists / "pyproject.toml"
    project.write_text(project.read_text().replace("LGPL-3.0-only;", ""))
    ran = subprocess.run([sys.executable, lists / "deploy/sbom.py"], check=False, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "license LGPL-3.0-only not in allow-only licenses was found for package psycopg" in ran.stderr


class Osv(BaseHTTPRequestHandler):
    """Answers as OSV does; it knows of what is in `bad`, by name."""

    bad: frozenset[str] = frozenset()
    status = 200

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.9"}]}]
        affected = [{"package": {"name": asked, "ecosystem": "PyPI"}, "ranges": ranges}]
        known = [{"id": "PYSEC-2026-1", "summary": "Bad.", "affected": affected}] if asked in self.bad else []
        said = json.dumps({"vulns": known} if known else {}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Keeps quiet."""


@contextmanager
def osv(*bad: str, status: int = 200) -> Iterator[str]:
    kind = type("Asked", (Osv,), {"bad": frozenset(bad), "status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        server.shutdown()


def audit(lock: Path, url: str) -> tuple[int, str]:
    ran = subprocess.run(
        [sys.executable, ROOT / "deploy/audit.py", lock, url], check=False, capture_output=True, text=True
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Two libraries of the lock, hashes and all, so that a test is quick."""
    entries = re.split(r"\n(?=\w)", LOCKS[0].read_text())
    (tmp_path / "few.lock").write_text("\n".join(one for one in entries if one.startswith(("cronsim", "yarl"))))
    return tmp_path / "few.lock"


def test_an_audit_that_finds_nothing_says_how_many_libraries_it_asked_after(lock: Path) -> None:
    with osv("django") as url:
        assert audit(lock, url) == (0, "2 libraries: no vulnerability is known\n")


def test_an_audit_names_what_it_finds_and_the_version_that_mends_it(lock: Path) -> None:
    with osv("django", "yarl") as url:
        status, said = audit(lock, url)
    assert status == 1
    assert re.fullmatch(r"yarl [\d.]+: PYSEC-2026-1, mended in 9\.9\n", said)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("nobody listens", "Connection refused"),
        ("it fails", "could not be asked"),
        ("it knows nothing at all", "does not know even django 2.0"),
    ],
)
def test_an_audit_that_could_not_ask_says_so_and_is_no_clearance(lock: Path, trouble: str, reason: str) -> None:
    with osv(status=500 if trouble == "it fails" else 200) as url:
        status, said = audit(lock, "http://127.0.0.1:9/v1/query" if trouble == "nobody listens" else url)
    assert status == 2
    assert reason in said
    assert "so nothing is known" in said
