"""Takes up the newest versions of all libraries: `make lock`.

The exact versions become `[tool.uv] constraint-dependencies` in pyproject.toml, which every set-up obeys, and
`deploy/requirements.lock` gets their hashes for the image. uv's own lock file names the registry on every line, so it
is not kept.
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


def main() -> None:
    """Locks anew, without the old pins, and writes what was found."""
    before, lock = PROJECT.read_text(), ROOT / "uv.lock"
    try:
        write_pins([])
        subprocess.run([UV, "lock", "--quiet", "--upgrade"], cwd=ROOT, check=True)
        packages = tomllib.loads(lock.read_text())["package"]
        write_pins(sorted({f"{p['name']}=={p['version']}" for p in packages if p["name"] != "briefbot"}))
        export = (
            "export --quiet --no-dev --extra postgres --no-emit-index-url --no-header --no-annotate --no-emit-project"
        )
        output = ROOT / "deploy/requirements.lock"
        subprocess.run([UV, *export.split(), "--output-file", output], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    except BaseException:
        PROJECT.write_text(before)
        raise
    finally:
        lock.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
