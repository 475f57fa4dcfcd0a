"""Lists what the image holds: `make sbom`.

`dist/sbom.json` is a CycloneDX bill of materials of briefbot and of the libraries in `deploy/requirements.lock`, and
`dist/licences.md` names the licence of each. A licence that pyproject.toml does not allow ends it with status 1.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
# What is written here is cut down, so a test validates the outcome.
OPTIONS = ("--pyproject", "pyproject.toml", "--output-reproducible", "--no-validate")
LOCKED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def held() -> dict[str, str]:
    """Returns the libraries that the image holds, by name, with their versions; what other systems need is left out."""
    return {name: pin for name, pin in LOCKED.findall((ROOT / "deploy/requirements.lock").read_text()) if _here(name)}


def _here(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def bill(libraries: dict[str, str]) -> dict[str, Any]:
    """Returns the bill of materials of briefbot with these libraries; the tools of development are left out.

    Raises:
        SystemExit: a library is installed here in another version than the image's.
    """
    written = subprocess.run(
        [BIN / "cyclonedx-py", "environment", *OPTIONS, sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    made: dict[str, Any] = json.loads(written)
    made["components"] = [part for part in made["components"] if _name(part) in libraries]
    for part in made["components"]:
        if part["version"] != libraries[_name(part)]:
            pinned = libraries[_name(part)]
            sys.exit(f"{part['name']} {part['version']} is installed, not {pinned}; remove .venv and set up anew")
    kept = {made["metadata"]["component"]["bom-ref"], *(part["bom-ref"] for part in made["components"])}
    made["dependencies"] = [
        one | {"dependsOn": [ref for ref in one.get("dependsOn", ()) if ref in kept]}
        for one in made["dependencies"]
        if one["ref"] in kept
    ]
    return made


def _name(part: dict[str, Any]) -> str:
    return re.sub(r"[-_.]+", "-", part["name"]).lower()


def main() -> None:
    """Writes both lists into `dist/`."""
    folder, libraries = ROOT / "dist", held()
    folder.mkdir(exist_ok=True)
    (folder / "sbom.json").write_text(json.dumps(bill(libraries), indent=2) + "\n")
    command = [BIN / "pip-licenses", "--format", "markdown", "--output-file", folder / "licences.md"]
    ended = subprocess.run([*command, "--packages", *libraries], cwd=ROOT, check=False)
    if ended.returncode:
        sys.exit("dist/sbom.json is written, but a licence is not among those that pyproject.toml allows: see above")
    sys.stdout.write(f"dist/sbom.json and dist/licences.md: {len(libraries)} libraries\n")


if __name__ == "__main__":
    main()
