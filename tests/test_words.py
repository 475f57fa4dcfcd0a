import shutil
import sys
from pathlib import Path

import pytest

from briefings import words
from briefings.words import Words


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns the template of a language that only this test has."""
    language = tmp_path / "templates/en"
    shutil.copytree(words._TEMPLATES / "en", language, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(words, "_TEMPLATES", language.parent)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return language


def said() -> str:
    return Words("en").text("mended", typed="Tencnt", name="Tencent")


def kept(templates: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in templates.glob("__pycache__/*")}


def test_a_macro_is_compiled_once_and_anew_when_it_is_edited(templates: Path) -> None:
    before, first = said(), kept(templates)
    assert first
    assert said() == before
    assert kept(templates) == first
    file = templates / "sentences.j2"
    file.write_text(file.read_text().replace("this is the nearest name", "the nearest name is this"))
    assert said() == before.replace("this is the nearest name", "the nearest name is this") != before
    assert kept(templates).keys() == first.keys()
    assert kept(templates) != first


@pytest.mark.parametrize("spoiled", [b"", b"j2", b"nothing that was compiled"])
def test_a_compiled_macro_that_is_spoiled_is_compiled_anew(templates: Path, spoiled: bytes) -> None:
    before, first = said(), kept(templates)
    for file, whole in first.items():
        file.write_bytes(spoiled or whole[:-9])
    assert said() == before
    assert kept(templates) == first


def test_where_nothing_may_be_written_all_is_said_the_same(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = said()
    shutil.rmtree(templates / "__pycache__")
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(PermissionError("read-only")))
    assert said() == before
    monkeypatch.undo()
    monkeypatch.setattr(words, "_TEMPLATES", templates.parent)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert said() == before
    assert kept(templates) == {}
