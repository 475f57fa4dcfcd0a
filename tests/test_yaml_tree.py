import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import InvalidKnowledge, yaml_tree
from knowledge.yaml_tree import Mapping, Scalar, Unreadable, read_tree


def text_of(yaml: str) -> str:
    tree = read_tree(f"value: {yaml}".encode(), "a.yaml")
    assert isinstance(tree, Mapping)
    value = tree.values["value"]
    assert isinstance(value, Scalar)
    return value.text


@pytest.mark.parametrize(
    "typed",
    ["0700", "NO", "yes", "on", "12:30", "1_000", "1e3", "0x1F", "0o17", "2017-12-05", "3.10", ".5", "=", "1.0", "off"],
)
def test_a_value_stays_the_text_that_was_typed(typed: str) -> None:
    assert text_of(typed) == typed


@pytest.mark.parametrize(("typed", "empty"), [("", True), ("~", True), ("null", True), ("'~'", False), ('""', False)])
def test_only_an_unquoted_nothing_is_empty(typed: str, empty: bool) -> None:
    tree = read_tree(f"value: {typed}".encode(), "a.yaml")
    assert isinstance(tree, Mapping)
    value = tree.values["value"]
    assert isinstance(value, Scalar)
    assert value.empty is empty


ALIAS_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]" for i in range(8)
)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("alias bomb", ALIAS_BOMB.encode(), r"a.yaml:1: anchors and aliases \(a\) are not accepted; write it out"),
        ("nested flow lists", b"[" * 200_000, r"a.yaml:1: nested over 20 deep; flatten it"),
        ("nested block lists", b"- " * 200_000, r"a.yaml:1: nested over 20 deep; flatten it"),
        ("nested mappings", b"{a: " * 200_000, r"a.yaml:1: nested over 20 deep; flatten it"),
        ("not UTF-8", b"a: b\nc: \xff\xfe", r"a.yaml:2: not UTF-8 text; save the file as UTF-8"),
        ("python object", b"a: !!python/object/apply:os.system [id]", r"a.yaml:1: the tag .*os.system is not accepted"),
        ("binary tag", b"a: !!binary aGk=", r"a.yaml:1: the tag .*binary is not accepted; remove it"),
        ("two documents", b"a: b\n---\nc: d", r"a.yaml:2: a second document \(---\)"),
        ("a list as a key", b"? [a]\n: b", r"a.yaml:1: a list or mapping as a key"),
        ("broken syntax", b"a: [b\nc: d", r"a.yaml:\d: not valid YAML: .*; correct the syntax there"),
        ("a tab as indent", b"a:\n\tb: c", r"a.yaml:2: not valid YAML"),
        ("a NUL", b"a: \x00", r"a.yaml.*: not valid YAML"),
        ("a merge", b"a: &x {b: c}\nd:\n  <<: *x", r"anchors and aliases"),
    ],
)
def test_a_hostile_file_is_refused_in_one_line(name: str, data: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as refused:
        read_tree(data, "a.yaml")
    assert "\n" not in str(refused.value)


def test_a_duplicate_key_is_told_with_both_lines() -> None:
    with pytest.raises(Unreadable, match=r"a.yaml:3: a: this key stands already in line 1; keep one of the two"):
        read_tree(b"a: 1\nb: 2\na: 3\n", "a.yaml")


def test_all_duplicate_keys_are_told_at_once() -> None:
    with pytest.raises(Unreadable) as refused:
        read_tree(b"a: 1\na: 2\nb: 3\nb: 4\n", "a.yaml")
    assert len(refused.value.problems) == 2


def test_a_file_over_the_cap_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(Unreadable, match="over 32 MiB; split the file"):
        read_tree(b"a" * (32 * 1024 * 1024 + 1), "a.yaml")


def test_the_number_of_values_is_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_tree, "MOST_NODES", 100)
    with pytest.raises(Unreadable, match="over 100 values; split the file"):
        read_tree(b"[" + b"x," * 200 + b"]", "a.yaml")


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_in_another_way(data: bytes) -> None:
    try:
        read_tree(data, "a.yaml")
    except Unreadable as refused:
        assert refused.problems
    except InvalidKnowledge:
        pytest.fail("the reader knows no records")
