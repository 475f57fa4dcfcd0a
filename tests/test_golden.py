"""A few whole answers as they are read; `make fmt` writes them anew, the diff is then read like code."""

import pytest

from tests.generated import GOLDEN, ROOT


@pytest.mark.parametrize("name", GOLDEN)
def test_an_answer_reads_as_it_did(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == GOLDEN[name](), "read the change, then run `make fmt`"
