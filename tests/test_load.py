import gc
import os
import random
import re
from pathlib import Path

import pytest

from knowledge import InvalidKnowledge, load, proposed_pinyin
from tests.builders import CURATED, GOOD, written


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidKnowledge) as invalid:
        load(written(folder, text))
    return [str(problem) for problem in invalid.value.problems]


def spoiled(old: str, new: str) -> str:
    assert GOOD.count(old) >= 1, old
    return GOOD.replace(old, new, 1)


def test_a_good_file_loads_without_warning(tmp_path: Path) -> None:
    known = load(written(tmp_path))
    assert (len(known.companies), len(known.themes), len(known.sources), len(known.claims)) == (1, 1, 1, 1)
    assert known.warnings == ()


def test_records_refer_to_each_other_across_files(tmp_path: Path) -> None:
    head, _, claims = GOOD.partition("claims:\n")
    written(tmp_path, "claims:\n" + claims, "a.yaml")
    assert list(load(written(tmp_path, head, "b.yaml")).claims) == ["first"]


# fmt: off
BROKEN = [
    # what is spoiled, into what, what the curator is told
    ("as_of: 2029", "as_off: 2029", 'all.yaml:23: as_off: unknown key; did you mean "as_of"?'),
    ("as_of: 2029", "as_of: 2029-13", 'all.yaml:23: as_of: "2029-13" is not in the calendar; correct the month or the day'),
    ("as_of: 2029", "as_of: long ago", 'all.yaml:23: as_of: "long ago" is not a date; write 2017, 2017-12 or 2017-12-05, with ? if inferred'),
    ("as_of: 2029", "as_of: 2032", "all.yaml:23: as_of: 2032 lies after the day it was added (2031-01-01); correct one of the two"),
    ("as_of: 2029", "as_of: 2030-06", "all.yaml:23: as_of: 2030-06 lies after every source was published; give the date for which the sources speak"),
    ("as_of: 2029", "as_of:", "all.yaml:23: as_of: no value; give one or remove the line"),
    ("kind: fact", "kind: rumour", "all.yaml:22: kind: \"rumour\" is not accepted; write 'fact', 'forecast' or 'opinion'"),
    ("kind: fact", "kind: forecast", "all.yaml:20: attributed_to: missing in a claim of kind forecast; name who said so"),
    ("text: It is so.", "text: It is so", "all.yaml:21: text: does not end like a sentence; end it with a full stop, and quote a text that holds #"),
    ("text: It is so.", "text: [It is so.]", "all.yaml:21: text: not a text; write one value, without list or mapping"),
    ("text: It is so.", f"text: {'so ' * 200}.", "all.yaml:21: text: over 400 characters; shorten it"),
    ("text: It is so.", 'text: "It is \\u202Eso."', "all.yaml:21: text: the text holds the invisible character U+202E; remove it"),
    ("text: It is so.", 'text: "It is\\u200Bso."', "all.yaml:21: text: the text holds the invisible character U+200B; remove it"),
    ("text: It is so.", 'text: "It is\\x07so."', "all.yaml:21: text: the text holds the control character U+0007; remove it"),
    ("text: It is so.", 'text: "It is\\nso."', "all.yaml:21: text: the text holds a line break or tab; remove it"),
    ("text: It is so.", "text: It is sö" + "\u0301" * 9 + ".", "all.yaml:21: text: the text holds more than 4 combining marks in a row; remove it"),
    ("sources: [paper]", "sources: []", "all.yaml:24: sources: an empty list; give at least one entry"),
    ("sources: [paper]", "sources: paper", "all.yaml:24: sources: not a list; write [..], or begin each line with -"),
    ("sources: [paper]", "sources: [papper]", 'all.yaml:24: sources: unknown source "papper"; did you mean "paper"?'),
    ("sources: [paper]", "sources: [paper, paper]", 'all.yaml:24: sources: "paper" stands twice; keep one'),
    ("sources: [paper]\n", "\n", "all.yaml:20: sources: missing; add it"),
    ("companies: [acme]", "companies: [zzz]", 'all.yaml:25: companies: unknown company "zzz"; add its entry, or correct the name'),
    ("themes: [things]", "themes: [thing]", 'all.yaml:26: themes: unknown theme "thing"; did you mean "things"?'),
    ("companies: [acme]\n    themes: [things]", "markets: [moon]", "all.yaml:20: themes: neither a company nor a theme, so nobody would find it; give at least one"),
    ("themes: [things]", "themes: [things]\n    supersedes: [first]", 'all.yaml:27: supersedes: "first" leads back to this claim; a claim cannot supersede itself'),
    ("themes: [things]", "themes: [things]\n    supersedes: [zeroth]", 'all.yaml:27: supersedes: unknown claim "zeroth"; add its entry, or correct the name'),
    ("themes: [things]", "themes: [things]\n    key: yes", 'all.yaml:27: key: "yes" is neither true nor false; write one of them'),
    ("themes: [things]", "themes: [things]\n    figures: [{value: 1_000, unit: u, what: w}]", 'all.yaml:27: figures.value: "1_000" is not a plain number; write 25 or 25.5, and the rest into unit or qualifier'),
    ("themes: [things]", "themes: [things]\n    figures: [{value: 1, unit: u, wat: w}]", 'all.yaml:27: figures.wat: unknown key; did you mean "what"?'),
    ("themes: [things]", "themes: [things]\n    revisions: [{on: 2030-01-01, was: It was., why: w}]", "all.yaml:27: revisions.on: 2030-01-01 is before added (2031-01-01); list the oldest first"),
    ("themes: [things]", "themes: [things]\n    revisions: [{on: 2031-01-02, was: It is so., why: w}]", "all.yaml:27: revisions.was: the same text as after the revision; give the text before it"),
    ("themes: [things]", "themes: [things]\n    retracted: {on: 2030-12-31, why: w}", "all.yaml:27: retracted.on: 2030-12-31 is before added (2031-01-01); correct one of the two"),
    ("themes: [things]", "themes: [things]\n    retracted: {on: 2031-12-31}", "all.yaml:27: retracted.why: missing; add it"),
    ("themes: [things]", "themes: [things]\n    retracted: gone", "all.yaml:27: retracted: not a mapping; write key: value"),
    ("added: 2031-01-01", "added: 1.1.2031", 'all.yaml:27: added: "1.1.2031" is not a day; write it as 2017-12-05'),
    ("id: first", "id: First Claim", 'all.yaml:20: id: "First Claim" is not lower-case words joined by hyphens; correct it'),
    ("url: https://paper.example/page", "url: javascript:alert(1)", 'all.yaml:13: url: "javascript:alert(1)" is not an http or https address; give the page that was read'),
    ("url: https://paper.example/page", "url: data:text/html,x", 'all.yaml:13: url: "data:text/html,x" is not an http or https address; give the page that was read'),
    ("url: https://paper.example/page", "url: https://a@b.example/", "all.yaml:13: url: the address carries user-info before @; give it without"),
    ("url: https://paper.example/page", "url: https://b.example/a|b", "all.yaml:13: url: the address holds a character that must be percent-encoded; encode it"),
    ("url: https://paper.example/page", "url: https://[b.example/", 'all.yaml:13: url: "https://[b.example/" is not an address; correct it'),
    ("published: 2030-01-01\n", "\n", "all.yaml:10: published: no date and no published_note; give the date, or say what is known of it"),
    ("published: 2030-01-01", "published: 2031-02", "all.yaml:15: accessed: 2031-01-01 is before it was published (2031-02); correct one of the two"),
    ("home: home", "home: home\n    about: second", 'all.yaml:5: about: unknown claim "second"; name a claim about it, or remove the line'),
    ("slug: acme", "slug: acme\n    slug: acme", "all.yaml:3: slug: this key stands already in line 2; keep one of the two"),
    ("claims:", "clams:", 'all.yaml:19: clams: unknown section; did you mean "claims"?'),
    ("claims:\n  - id: first", "claims:\n    id: first", "all.yaml:19: claims: not a list; begin each entry with -"),
    ("- id: first", "- just text\n  - id: first", "all.yaml:20: claims: an entry that is not a mapping; write key: value"),
]
# fmt: on


@pytest.mark.parametrize(("old", "new", "said"), BROKEN, ids=[said for _, _, said in BROKEN])
def test_a_problem_names_the_place_the_value_and_the_way_out(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in problems(tmp_path, spoiled(old, new))


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = spoiled("as_of: 2029", "as_of: never").replace("kind: fact", "kind: rumour").replace("language: en", "x: y")
    assert len(problems(tmp_path, text)) >= 3


def test_one_broken_record_does_not_make_every_reference_to_it_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, spoiled("language: en", "language: English")) == [
        'all.yaml:16: language: "English" is not a language such as en or zh-Hans; correct it'
    ]


def test_one_unreadable_file_does_not_make_every_reference_into_it_a_problem(tmp_path: Path) -> None:
    head, _, claims = GOOD.partition("claims:\n")
    written(tmp_path, head + "themes: [", "broken.yaml")
    assert [line[:12] for line in problems(tmp_path, "claims:\n" + claims)] == ["broken.yaml:"]


def test_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    written(tmp_path, "claims: [", "broken.yaml")
    told = problems(tmp_path, spoiled("kind: fact", "kind: rumour"))
    assert any(line.startswith("all.yaml:22") for line in told)
    assert any(line.startswith("broken.yaml:") for line in told)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (
            "{slug: acme, names: {en: Other}, home: home}",
            'slug: "acme" stands already in all.yaml:2; give this one another',
        ),
        (
            "{slug: b, names: {en: ＡＣＭＥ}, home: home}",
            'names.en: "ＡＣＭＥ" is found by the same letters as "Acme" of acme',
        ),
        ("{slug: b, names: {en: B, zh: A.C.M.E}, home: home}", 'names.zh: "A.C.M.E" is found by the same letters'),
        ("{slug: b, names: {en: B}, aliases: {product: [a-cme]}, home: home}", 'aliases.product: "a-cme" is found by'),
        (
            "{slug: b, names: {en: B}, aliases: {name: ['!!!']}, home: home}",
            '"!!!" has no letter or digit to search by',
        ),
    ],
)
def test_names_that_fold_to_the_same_letters_collide(tmp_path: Path, second: str, said: str) -> None:
    told = problems(tmp_path, GOOD.replace("themes:\n", f"  - {second}\nthemes:\n", 1))
    assert any(said in line for line in told), told


def test_a_weak_alias_may_be_shared(tmp_path: Path) -> None:
    second = "{slug: b, names: {en: B}, aliases: {weak: [acme]}, home: home}"
    assert load(written(tmp_path, GOOD.replace("themes:\n", f"  - {second}\nthemes:\n", 1))).companies["b"]


def test_duplicate_ids_are_told_with_the_first_place(tmp_path: Path) -> None:
    entry = GOOD.partition("claims:\n")[2]
    assert 'all.yaml:28: id: "first" stands already in all.yaml:20; give this one another' in problems(
        tmp_path, GOOD + entry
    )


def test_claims_cannot_supersede_each_other_in_a_circle(tmp_path: Path) -> None:
    entry = GOOD.partition("claims:\n")[2]
    text = GOOD + "    supersedes: [third]\n"
    text += entry.replace("first", "second") + "    supersedes: [first]\n"
    text += entry.replace("first", "third") + "    supersedes: [second]\n"
    assert sum("leads back to this claim" in line for line in problems(tmp_path, text)) == 3


def test_the_newer_claim_supersedes_the_older(tmp_path: Path) -> None:
    entry = GOOD.partition("claims:\n")[2]
    older = entry.replace("first", "older").replace("2029", "2028") + "    supersedes: [first]\n"
    assert any('"first" holds for 2029, after this one (2028)' in line for line in problems(tmp_path, GOOD + older))


def test_what_a_company_is_must_be_its_own_standing_claim(tmp_path: Path) -> None:
    other = "  - {slug: b, names: {en: B}, home: home, about: first}\nthemes:\n"
    assert any("does not belong to this company" in p for p in problems(tmp_path, GOOD.replace("themes:\n", other, 1)))
    text = GOOD.replace("home: home", "home: home\n    about: first") + "    retracted: {on: 2031-02-01, why: w}\n"
    assert any('claim "first" is retracted; name another' in line for line in problems(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "all.yaml: the file is empty; write a section, or remove the file"),
        ("# only a comment\n", "all.yaml: the file is empty; write a section, or remove the file"),
        ("~", "all.yaml: the file is empty; write a section, or remove the file"),
        ("- a\n", "all.yaml:1: not a mapping; begin with one of companies: themes: sources: claims:"),
        ("just text", "all.yaml:1: not a mapping; begin with one of companies: themes: sources: claims:"),
        (GOOD.partition("claims:")[0], "claims: no claim in any file; write at least one"),
    ],
)
def test_a_file_without_content_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in line for line in problems(tmp_path, text))


def test_a_folder_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidKnowledge, match=r"no \*\.yaml file in this folder; write one"):
        load(tmp_path)
    with pytest.raises(InvalidKnowledge, match="no such folder"):
        load(tmp_path / "missing")
    with pytest.raises(InvalidKnowledge, match="a file; give the folder that it is in"):
        load(written(tmp_path) / "all.yaml")


def test_what_cannot_be_read_as_a_file_is_told(tmp_path: Path) -> None:
    for name in ("more.yml", "shouted.YAML"):
        written(tmp_path, GOOD, name)
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.yaml")
    assert problems(tmp_path, GOOD) == [
        "folder.yaml: not a file; move it away",
        "gone.yaml: a link that leads nowhere; correct or remove it",
        "more.yml: would not be read; rename it to .yaml",
        "pipe.yaml: not a file; move it away",
        "shouted.YAML: would not be read; rename it to .yaml",
    ]


def test_hidden_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".#all.yaml").symlink_to("nobody@nowhere.1")
    assert load(written(tmp_path)).claims


@pytest.mark.parametrize(
    "broken",
    [("id: paper", "id: Paper"), ("id: paper", "idd: paper"), ("id: paper", "id: [paper]"), ("sources:", "source:")],
)
def test_a_broken_source_is_one_problem_however_often_it_is_cited(tmp_path: Path, broken: tuple[str, str]) -> None:
    assert not [line for line in problems(tmp_path, spoiled(*broken)) if "unknown source" in line]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('claims:\n  - id: a\n    text: "It is so.\n    kind: fact\n', "all.yaml:3: not valid YAML: .*never closed"),
        (
            "claims:\n  - id: a\n    text: Acme: sells.\n",
            "all.yaml:3: not valid YAML: .*quote a text that holds a colon",
        ),
        ("claims:\n  - id: a\n    text: It\x01is.\n", "all.yaml:3: not valid YAML"),
        (
            "claims:\n  - id: a\n    text: It\u2028is.\n",
            "all.yaml:3: the line break U\\+2028 is not accepted; remove it",
        ),
    ],
)
def test_broken_syntax_is_told_where_it_begins(tmp_path: Path, text: str, said: str) -> None:
    (line,) = problems(tmp_path, text)
    assert re.match(said, line), line


def test_missing_pinyin_is_proposed_where_it_is_asked_for(tmp_path: Path) -> None:
    folder = written(tmp_path, GOOD.replace("{en: Acme}", "{en: Acme, zh: 腾讯}"))
    assert load(folder).warnings == ()
    (warning,) = load(folder, proposed_pinyin).warnings
    assert str(warning) == (
        'all.yaml:3: names.zh: no pinyin for "腾讯"; "teng xun" is proposed; read it aloud, then list it under aliases.pinyin'
    )
    (warning,) = load(folder, lambda _: None).warnings
    assert "the extra [curate] proposes it: pip install 'briefbot[curate]'" in str(warning)


def test_initials_that_two_companies_share_are_a_warning(tmp_path: Path) -> None:
    second = "{slug: b, names: {en: Bcme}, aliases: {pinyin: [teng xun]}, home: home}"
    third = "{slug: c, names: {en: Ccme}, aliases: {pinyin: [tong xin]}, home: home}"
    known = load(written(tmp_path, GOOD.replace("themes:\n", f"  - {second}\n  - {third}\nthemes:\n", 1)))
    assert ['"tx" is found in "teng xun", and means c as well' in w.message for w in known.warnings] == [True, False]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("https://paper", "http://paper", "all.yaml:13: url: plain http, printed as it is"),
        ("{en: Acme}", "{en: Асme}", 'all.yaml:3: names.en: "Асme" mixes Latin letters with look-alikes; type it anew'),
        ("home: home", "home: hom", 'all.yaml:4: home: only here is a market called "hom"; did you mean "home"?'),
    ],
)
def test_what_should_be_looked_at_is_a_warning(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = GOOD.replace("themes: [things]", "themes: [things]\n    markets: [home]")
    text += GOOD.partition("claims:\n")[2].replace("first", "second") + "    markets: [home]\n"
    known = load(written(tmp_path, text.replace(old, new, 1)))
    assert any(str(warning).startswith(said) for warning in known.warnings), known.warnings


def test_a_source_that_nothing_cites_is_a_warning(tmp_path: Path) -> None:
    extra = GOOD.partition("sources:\n")[2].partition("claims:")[0].replace("id: paper", "id: other")
    known = load(written(tmp_path, GOOD.replace("claims:\n", extra + "claims:\n")))
    assert [warning.message for warning in known.warnings] == ['no claim cites "other"; cite it or remove it']


WRONG_SHAPES = ["[]", "[x]", "[[x]]", "{}", "{x: y}", "[{x: y}]", "~", '""', "x", "-1", "'\\0'", '"\\u202E"']
FIELDS = sorted({line.strip().lstrip("- ").partition(":")[0] for line in GOOD.splitlines() if ": " in line})


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", WRONG_SHAPES)
def test_a_value_of_any_other_shape_is_loaded_or_refused(tmp_path: Path, field: str, value: str) -> None:
    text = re.sub(rf"(?m)^(\s+(?:- )?{field}:) .*$", lambda match: f"{match[1]} {value}", GOOD)
    assert text != GOOD
    try:
        load(written(tmp_path, text))
    except InvalidKnowledge as invalid:
        for problem in invalid.problems:
            assert problem.message
            assert "see the guide" not in problem.message, "no way out"


def test_what_a_problem_shows_cannot_colour_a_terminal(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, GOOD.replace("language: en", '"lang\\x1b[31m": en\n    language: en'))
    assert "\x1b" not in line
    assert "lang\\x1b[31m" in line


def test_loading_leaves_the_garbage_collector_as_it_was(tmp_path: Path) -> None:
    load(written(tmp_path))
    assert gc.isenabled()
    with pytest.raises(InvalidKnowledge):
        load(tmp_path / "missing")
    assert gc.isenabled()


def test_a_knowledge_that_is_let_go_leaves_nothing_to_the_garbage_collector(tmp_path: Path) -> None:
    known = load(written(tmp_path), indexed=True)
    assert known.full_text.search("so")
    gc.collect()
    gc.disable()
    try:
        del known
        assert gc.collect() == 0
    finally:
        gc.enable()


def spoil(data: bytes, chance: random.Random) -> bytes:
    """Returns the bytes cut short, or with a few of them changed."""
    if chance.random() < 0.5:
        return data[: chance.randrange(len(data))]
    spoiled_bytes = bytearray(data)
    for _ in range(chance.randint(1, 5)):
        spoiled_bytes[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(spoiled_bytes)


def load_spoiled(folder: Path, rounds: int) -> None:
    chance = random.Random(20171205)
    contents = {path.name: path.read_bytes() for path in CURATED.glob("*.yaml")}
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    for _ in range(rounds):
        name = chance.choice(sorted(contents))
        (folder / name).write_bytes(spoil(contents[name], chance))
        try:
            load(folder)
        except InvalidKnowledge as invalid:
            assert all(problem.message for problem in invalid.problems)
        (folder / name).write_bytes(contents[name])


def test_a_spoiled_file_is_loaded_or_refused_and_nothing_else(tmp_path: Path) -> None:
    load_spoiled(tmp_path, 60)


@pytest.mark.long
def test_ten_thousand_spoiled_files_are_loaded_or_refused(tmp_path: Path) -> None:
    load_spoiled(tmp_path, 10_000)
