"""A folder of YAML files to Knowledge: every file, with every problem at once."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from knowledge.knowledge import Knowledge
from knowledge.model import Claim, Company, Source, Theme
from knowledge.problems import InvalidKnowledge, Problem
from knowledge.records import Records
from knowledge.rules import broken_rules, cautions, missing_pinyin, of_type
from knowledge.yaml_tree import MOST_BYTES, Unreadable, read_tree


def load(folder: Path, propose: Callable[[str], str | None] | None = None, *, indexed: bool = False) -> Knowledge:
    """Reads all `*.yaml` files of a folder; with `indexed` it builds all at once that a reader would wait for.

    With `propose`, which returns the pinyin of a Chinese name, names without pinyin are among the warnings.

    Raises:
        InvalidKnowledge: with every problem of every file.
    """
    with _without_cyclic_collection():
        knowledge = _load(folder, propose)
        if indexed:
            knowledge.index()
        return knowledge


@contextmanager
def _without_cyclic_collection() -> Iterator[None]:
    """Keeps the cycle collector from walking the growing trees over and over: loading is 3 to 5 times as fast.

    What is alive in the end counts as old at once: a first walk over all of it would hold up every thread.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()  # into the oldest generation, unwalked
        if was_enabled:
            gc.enable()


def _load(folder: Path, propose: Callable[[str], str | None] | None) -> Knowledge:
    records = Records()
    problems: list[Problem] = []
    for path in _files(folder, problems):
        try:
            records.take(read_tree(_bytes(path), path.name), path.name)
        except Unreadable as unreadable:
            problems += unreadable.problems
        except OSError as error:
            problems.append(Problem(path.name, 0, "", f"cannot be read: {error.strerror}; check its permissions"))
    if problems:
        records.broken.files = True
    loaded = records.loaded
    problems += (*records.problems, *broken_rules(loaded, records.broken))
    if not problems and not of_type(Claim, loaded):
        problems.append(Problem(str(folder), 0, "claims", "no claim in any file; write at least one"))
    if problems:
        raise InvalidKnowledge(problems)
    knowledge = Knowledge(
        (entry.record for entry in of_type(Company, loaded)),
        (entry.record for entry in of_type(Theme, loaded)),
        (entry.record for entry in of_type(Source, loaded)),
        (entry.record for entry in of_type(Claim, loaded)),
        sorted([*cautions(loaded), *(missing_pinyin(of_type(Company, loaded), propose) if propose else ())]),
    )
    while loaded:  # each with its tree; freed all at once they would hold up every other thread
        loaded.pop()
    return knowledge


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _files(folder: Path, problems: list[Problem]) -> Iterator[Path]:
    """Yields the files to read, and adds what lies there but cannot be read as one; dot files are passed over."""
    found = sorted(path for path in _listed(folder) if path.suffix.casefold() in (".yaml", ".yml"))
    if not found:
        problems.append(Problem(str(folder), 0, "", "no *.yaml file in this folder; write one"))
    for path in found:
        if path.suffix != ".yaml":
            problems.append(Problem(path.name, 0, "", "would not be read; rename it to .yaml"))
        elif path.is_symlink() and not path.exists():
            problems.append(Problem(path.name, 0, "", "a link that leads nowhere; correct or remove it"))
        elif not path.is_file():
            problems.append(Problem(path.name, 0, "", "not a file; move it away"))
        else:
            yield path


def _listed(folder: Path) -> list[Path]:
    if folder.is_file():
        raise InvalidKnowledge([Problem(str(folder), 0, "", "a file; give the folder that it is in")])
    if not folder.is_dir():
        raise InvalidKnowledge([Problem(str(folder), 0, "", "no such folder; give one that holds *.yaml files")])
    return [path for path in folder.iterdir() if not path.name.startswith(".")]
