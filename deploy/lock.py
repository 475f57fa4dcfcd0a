"""Takes up the newest versions of all libraries: `make lock`.

The exact versions become `[tool.uv] constraint-dependencies` in pyproject.toml, which every set-up obeys, and
`deploy/requirements.lock` gets their hashes for the image, `deploy/build.lock` those of what builds the wheel there.
uv's own lock file names the registry on every line, so it is not kept.
"""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = ROOT / "pyproject.toml"
UV = ROOT / ".venv/bin/uv"
PINS = re.compile(r"constraint-dependencies = \[\n.*?^\]\n", re.DOTALL | re.MULTILINE)


def write_pins(pins: list[str]) -> None:
    """Puts the given pins into pyproject.toml, in place of those that stand there."""
    lines = "".join(f'    "{pin}",\n' for pin in pins)
    PROJECT.write_text(PINS.sub(f"constraint-dependencies = [\n{lines}]\n", PROJECT.read_text()))


def write_hashes(name: str, which: str) -> None:
    """Writes the hashes of some of the locked libraries into a file of this folder, which names no registry."""
    export = f"export --quiet {which} --no-emit-index-url --no-header --no-annotate"
    output = ROOT / "deploy" / name
    subprocess.run([UV, *export.split(), "--output-file", output], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Locks anew, without the old pins, and writes what was found."""
    before, lock = PROJECT.read_text(), ROOT / "uv.lock"
    try:
        write_pins([])
        subprocess.run([UV, "lock", "--quiet", "--upgrade"], cwd=ROOT, check=True)
        packages = tomllib.loads(lock.read_text())["package"]
        write_pins(sorted({f"{p['name']}=={p['version']}" for p in packages if p["name"] != "briefbot"}))
        write_hashes("requirements.lock", "--no-dev --extra postgres --no-emit-project")
        write_hashes("build.lock", "--only-group build")
    except BaseException:
        PROJECT.write_text(before)
        raise
    finally:
        lock.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
