import json

import pytest
from msgspec.structs import replace

from briefings.company import company_briefing
from briefings.document import Choice, Document, Heading, SourceEntry, Statement, statements
from briefings.document_json import from_json, schema, to_json
from tests.builders import airships, edition
from tests.json_schema import objections

SAID = Statement("It is so.", (1,), "as of 2029", "claim", 0)
ENTRY = SourceEntry(1, "paper", "A title", "A publisher", "paper.example", "1 Jan 2030", "https://paper.example/page")


def test_a_statement_without_citation_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="statement of claim 'claim' has no citation; name its sources"):
        Statement("It is so.", (), "as of 2029", "claim", 0)


def test_a_document_cannot_cite_a_source_that_it_does_not_list() -> None:
    with pytest.raises(ValueError, match=r"citations \[1\] have no source; add their entries"):
        Document("T", "S", "/help", (SAID,))
    assert Document("T", "S", "/help", (SAID,), (ENTRY,))


def test_a_choice_cannot_carry_a_command_that_no_button_holds() -> None:
    assert Choice("x", "/" + "x" * 89)
    with pytest.raises(ValueError, match="over 90 characters; shorten it"):
        Choice("x", "/" + "x" * 90)


def airship_document() -> Document:
    known = airships()
    return company_briefing(edition(known), known.company_names.find("zephyr"))


def test_a_document_becomes_json_and_comes_back_the_same() -> None:
    document = airship_document()
    assert from_json(to_json(document)) == document


def test_a_document_as_json_is_what_its_schema_describes() -> None:
    value = json.loads(to_json(airship_document()))
    assert objections(schema(), value) == []
    assert value["title"] == "Zephyr Airships"
    spoiled = value | {"blocks": [{"kind": "statement", "text": "Unsourced."}]}
    assert objections(schema(), spoiled)


def test_json_that_carries_an_unsourced_statement_is_refused() -> None:
    text = to_json(replace(airship_document(), blocks=(), sources=()))
    unsourced = json.loads(text) | {"blocks": [json.loads(json.dumps({"kind": "statement", "text": "x", "citations": [],
                                               "dateline": "d", "claim": "c", "revision": 0}))]}  # fmt: skip
    with pytest.raises(ValueError, match="no citation"):
        from_json(json.dumps(unsourced))


def test_statements_in_rows_are_found_too() -> None:
    said = [statement.text for statement in statements(*airship_document().blocks)]
    assert "980 thousand people" in said


def test_headings_cite_nothing() -> None:
    assert Heading("x").citations == ()
