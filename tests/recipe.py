"""The image's recipe carried out in a clean folder, step by step, where no container engine is needed.

A folder stands for the image's file system: the absolute paths of the Dockerfile are taken to lie in it. The base image
is this machine's Python. What a stage copies from another is copied, so that what is not copied is not there.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.generated import ROOT

DOCKERFILE = ROOT / "deploy/Dockerfile"
OURS = re.compile(r"(?<![\w./-])/(?=(?:src|build|opt|data)\b)")
"""What absolute paths in the recipe begin with; all others are of the base image."""

SERVICE_USER = 65532 if os.geteuid() == 0 else 0
"""Who runs the program in its tests; 0 where the tests are not run by root, and can be nobody else."""


@dataclass(frozen=True)
class Step:
    """Is one instruction of a Dockerfile: its word, and what follows."""

    word: str
    rest: str


@dataclass
class Image:
    """Is what came of a recipe: where its files lie, and how it is started."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    user: tuple[int, int] | None = None
    workdir: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)

    def path(self, inside: str) -> Path:
        """Returns where a path of the image lies on this machine."""
        return Path(OURS.sub(f"{self.folder}/", inside))

    def start(self, *arguments: str, **settings: str) -> "subprocess.Popen[str]":
        """Starts the image's program as the user that it names, with the image's environment and some settings."""
        return self._start([*self.entrypoint, *(arguments or self.command)], settings)

    def check(self, **settings: str) -> int:
        """Returns the status of the image's own health check."""
        process = self._start(self.health, settings)
        process.communicate(timeout=60)
        return process.returncode

    def _start(self, command: list[str], settings: dict[str, str]) -> "subprocess.Popen[str]":
        user, group = self.user if self.user and SERVICE_USER else (None, None)
        env = {"HOME": "/"} | self.env | settings
        found = shutil.which(command[0], path=env["PATH"])
        assert found, f"{command[0]} is not on the image's PATH {env['PATH']}"
        return subprocess.Popen(
            [found, *command[1:]],
            env=env,
            cwd=self.path(self.workdir),
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def steps(text: str) -> list[Step]:
    """Returns the instructions of a Dockerfile."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Step(word, rest) for word, _, rest in (line.partition(" ") for line in whole.splitlines())]


def for_whoever_runs_this(text: str) -> str:
    """Returns a recipe whose user is the one of the tests, where they are not run by root and can be nobody else."""
    if SERVICE_USER:
        return text
    user, group = os.geteuid(), os.getegid()
    return text.replace("65532:65532", f"{user}:{group}").replace("-o 65532 -g 65532", f"-o {user} -g {group}")


def checkout(folder: Path, *only: str) -> Path:
    """Copies what git holds of this checkout, or would hold, and returns the copy."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *only]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def context(folder: Path) -> Path:
    """Copies what the .dockerignore lets through, and returns the copy."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return checkout(folder, *(line[1:] for line in lines if line.startswith("!")))


def carried_out(text: str, sources: Path, folder: Path) -> Image:
    """Carries a recipe out: `folder/root` is the file system of the stage at hand, and in the end of the image.

    Raises:
        subprocess.CalledProcessError: a step failed; its output goes to standard error.
    """
    before = os.umask(0o022)  # an engine's
    try:
        return _carried_out(text, sources, folder)
    finally:
        os.umask(before)


def _carried_out(text: str, sources: Path, folder: Path) -> Image:
    image, name, number = Image(folder / "root"), "", 0
    for step in steps(text):
        if step.word == "FROM":
            if number:
                image.folder.rename(folder / (name or str(number)))  # the next stage has the same paths
            image, number = Image(folder / "root", env=_base(folder)), number + 1
            image.folder.mkdir()
            name = step.rest.partition(" AS ")[2]
        elif step.word == "COPY":
            _copy(image, step, sources, folder)
        elif step.word == "RUN":
            command = OURS.sub(f"{image.folder}/", step.rest)
            subprocess.run(
                ["/bin/sh", "-c", command], env=image.env, cwd=image.path(image.workdir), check=True, stdout=sys.stderr
            )
        else:
            _note(image, step)
    return image


def _base(folder: Path) -> dict[str, str]:
    """Returns the environment of the base image: this machine's Python by its name there, and how pip is set up here."""
    python, around = reachable_python(folder)
    pip = {key: value for key, value in os.environ.items() if key.upper().startswith(("PIP_", "SSL_", "HTTP", "NO_"))}
    return {"PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin", **around, **pip}


def reachable_python(folder: Path) -> tuple[Path, dict[str, str]]:
    """Returns this machine's Python, as `python` and `python3` in a folder of a folder, and the environment it wants.

    Where only its owner can reach it, as in root's home, it is a copy that all can.
    """
    name = f"python3.{sys.version_info.minor}"
    own = Path(sys.base_prefix) / "bin" / name
    hidden = not all(above.stat().st_mode & 0o001 for above in own.resolve().parents)
    found = folder / "python/bin" / name if hidden else own
    if hidden and not found.exists():
        found.parent.mkdir(parents=True)
        shutil.copy(own.resolve(), found)
        left_out = shutil.ignore_patterns("test", "tests", "__pycache__", "site-packages", "config-*")
        shutil.copytree(own.parent.parent / "lib" / name, folder / "python/lib" / name, ignore=left_out)
        for library in (own.parent.parent / "lib").glob("libpython*"):
            shutil.copy(library, folder / "python/lib")
    starter = folder / "bin/python"
    starter.parent.mkdir(exist_ok=True)
    for path in (starter, folder / "bin/python3"):
        path.write_text(f'#!/bin/sh\nexec {found} "$@"\n')
        path.chmod(0o755)
    return starter, {"LD_LIBRARY_PATH": f"{folder}/python/lib"} if hidden else {}


def _copy(image: Image, step: Step, sources: Path, folder: Path) -> None:
    words = step.rest.split()
    stage = next((word.partition("=")[2] for word in words if word.startswith("--from=")), "")
    *what, to = (word for word in words if not word.startswith("--"))
    for one in what:
        source = Path(OURS.sub(f"{folder / stage}/", one)) if stage else sources / one
        target = image.path(to)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        else:
            target = target / source.name if to.endswith("/") else target
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _note(image: Image, step: Step) -> None:
    match step.word:
        case "ENV":
            for name, value in (pair.split("=", 1) for pair in shlex.split(step.rest)):
                image.env[name] = OURS.sub(f"{image.folder}/", value).replace("$PATH", image.env["PATH"])
        case "USER":
            user, _, group = step.rest.partition(":")
            image.user = int(user), int(group)
        case "WORKDIR":
            image.workdir = step.rest
            image.path(step.rest).mkdir(parents=True, exist_ok=True)
        case "VOLUME":
            image.volumes.append(step.rest)
        case "ENTRYPOINT":
            image.entrypoint = json.loads(step.rest)
        case "CMD":
            image.command = json.loads(step.rest)
        case "HEALTHCHECK":
            image.health = json.loads(step.rest.partition(" CMD ")[2])
        case "ARG" | "LABEL" | "EXPOSE" | "STOPSIGNAL":
            pass
        case other:
            raise AssertionError(f"this recipe has a step that is not carried out here: {other}")


def files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Yields each file of a folder, with its size and when it was changed."""
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        yield str(path.relative_to(folder)), status.st_size, status.st_mtime_ns
