"""Documents from outside: read with places, refused with reasons, never run, never a traceback."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rundown.policy.node import Node
from rundown.policy.source import MAX_BYTES, read_node


def codes(content: bytes, syntax: str = "yaml") -> list[tuple[str, str]]:
    node, problems = read_node(content, "p", syntax)
    assert (node is None) == bool(problems)
    assert all(item.fix for item in problems)
    return [(item.code, f"{item.span.line}:{item.span.column}") for item in problems]


def place(node: Node) -> tuple[int, int, int]:
    return node.span.line, node.span.column, node.span.length


def test_yaml_scalars_follow_the_core_schema_so_that_no_stays_text():
    node, _ = read_node(b"[no, on, 1, 2.5, true, null, ~, '1', 0x1f, 12:30, 1_000, .e, '']", "p", "yaml")
    assert node.plain() == ["no", "on", 1, 2.5, True, None, None, "1", "0x1f", "12:30", "1_000", ".e", ""]


def test_every_node_knows_its_place_and_its_line():
    node, _ = read_node("a:\n  - x\n  - {b: ü, c: 'd e'}\n".encode(), "p.yaml", "yaml")
    inner = node.value["a"].value[1]
    assert place(inner.value["b"]) == (3, 9, 1)
    assert place(inner.value["c"]) == (3, 15, 5)
    assert inner.keys["c"].column == 12
    assert inner.value["c"].span.excerpt == "  - {b: ü, c: 'd e'}"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"a: &x [1]\nb: *x\n", [("policy/yaml-alias", "1:4")]),
        (b"a: {<<: *x}\n", [("policy/yaml-alias", "1:9")]),
        (b"!!python/object/apply:os.system [id]\n", [("policy/yaml-tag", "1:1")]),
        (b"a: !secret x\n", [("policy/yaml-tag", "1:4")]),
        (b"a: 1\nb: 2\na: 3\n", [("policy/duplicate-key", "3:1")]),
        (b"a: 1\n---\nb: 2\n", [("policy/syntax", "2:1")]),
        (b"? [x]\n: y\n", [("policy/wrong-type", "1:3")]),
        (b"a: [1, 2\n", [("policy/syntax", "2:1")]),
        (b"a: 1\xff\n", [("policy/encoding", "1:1")]),
        (b"[" * 100 + b"]" * 100, [("policy/too-deep", "1:26")]),
        (b"a: 99999999999999999\n", [("policy/wrong-value", "1:4")]),
    ],
)
def test_what_yaml_can_do_and_a_policy_never_needs_is_refused(content, found):
    assert codes(content) == found


def test_a_billion_laughs_are_refused_at_the_first():
    lines = ["a0: &a0 [ha, ha, ha]"]
    lines += [f"a{at}: &a{at} [*a{at - 1}, *a{at - 1}, *a{at - 1}]" for at in range(1, 40)]
    assert codes("\n".join(lines).encode()) == [("policy/yaml-alias", "1:5")]


def test_a_document_too_large_is_refused_unread():
    assert read_node(b"#" * (MAX_BYTES + 1), "p", "yaml")[1][0].code == "policy/too-large"


def test_an_empty_document_is_an_empty_map():
    assert [read_node(text, "p", "yaml")[0].plain() for text in (b"", b"# nothing\n", b"---\n")] == [
        {},
        {},
        None,
    ]


def test_json_has_places_also_when_it_is_indented_by_tabs():
    node, _ = read_node(b'{\n\t"a": [1, "b\\u00e9\\/"]\n}', "p.json", "json")
    assert node.plain() == {"a": [1, "bé/"]}
    assert place(node.value["a"].value[1])[:2] == (2, 11)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"a": 1, "a": 2}', "policy/duplicate-key"),
        (b"{a: 1}", "policy/syntax"),
        (b'{"a": NaN}', "policy/wrong-value"),
        (b'{"a": "\\ud800"}', "policy/encoding"),
        (b'{"a": 123456789012345678901234567890}', "policy/wrong-value"),
        (b"[" * 100_000, "policy/too-deep"),
        (b"[" * 30 + b"]" * 30, "policy/too-deep"),
    ],
)
def test_json_that_is_not_plain_is_refused(content, code):
    assert [found for found, _ in codes(content, "json")] == [code]


def test_toml_has_places_of_keys_and_of_texts_in_lists():
    text = b'# head\n[tool.rundown.default.run]\nallow = ["git",\n  "npm"]\n\n[[tool.rundown.grants]]\ntype = "run"\n'
    node, _ = read_node(text, "p.toml", "toml")
    rundown = node.value["tool"].value["rundown"].value
    allow = rundown["default"].value["run"].value["allow"]
    assert (place(allow), place(allow.value[1])) == ((3, 1, 0), (4, 3, 5))
    assert node.plain()["tool"]["rundown"]["grants"] == [{"type": "run"}]


@pytest.mark.parametrize(
    ("content", "code"), [(b"a = 2026-01-01", "policy/wrong-type"), (b"a = ", "policy/syntax")]
)
def test_toml_that_is_not_plain_is_refused(content, code):
    assert [found for found, _ in codes(content, "toml")] == [code]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(values, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_any_json_value_is_read_as_json_reads_it(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    node, problems = read_node(text.encode(), "p", "json")
    assert (node.plain(), problems) == (value, ())


@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(["yaml", "json", "toml"]),
)
def test_no_bytes_raise_anything(content, syntax):
    node, problems = read_node(content, "p", syntax)
    assert (node is None) == bool(problems)
    assert all(item.fix for item in problems)


NINES = b"9" * 5000
HOSTILE = {
    "a number of five thousand digits": (
        (b'{\n"version": ' + NINES + b"}", "json", "policy/wrong-value", "2:12"),
        (b"a = 1\nversion = " + NINES + b"\n", "toml", "policy/too-deep", "2:1"),
        (b"version = 0x" + b"f" * 5000 + b"\n", "toml", "policy/too-deep", "1:1"),
        (b"version = 0x" + b"f" * 500 + b"\n", "toml", "policy/wrong-value", "1:1"),
    ),
    "no number": (
        (b'{"a": NaN}', "json", "policy/wrong-value", "1:7"),
        (b'{"a": -Infinity}', "json", "policy/wrong-value", "1:7"),
        (b"[t]\na = nan\n", "toml", "policy/wrong-value", "2:1"),
        (b"a = 1e999\n", "toml", "policy/wrong-value", "1:1"),
        (b"a: 1e999\n", "yaml", "policy/wrong-value", "1:4"),
    ),
    "depth": (
        (b"[" * 100_000, "json", "policy/too-deep", "1:1"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "json", "policy/too-deep", "1:122"),
        (b"a = " + b"[" * 50_000, "toml", "policy/too-deep", "1:1"),
        (b"x = 1\n" + b"a." * 20_000 + b"a = 1\n", "toml", "policy/too-deep", "2:1"),
        (b"[" + b"a." * 60 + b"a]\n", "toml", "policy/too-deep", "1:1"),
    ),
    "twice": (
        (b'{"a": 1,\n"a": 2}', "json", "policy/duplicate-key", "1:1"),
        (b"a = 1\na = 2\n", "toml", "policy/syntax", "2:6"),
    ),
    "not UTF-8": (
        ("version: 1\n".encode("utf-16"), "yaml", "policy/encoding", "1:1"),
        (b"a = 1\nb = '\xff'\n", "toml", "policy/encoding", "2:1"),
        (b'{"a":\n"\xc3"}', "json", "policy/encoding", "2:1"),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", "json", "policy/syntax", "1:1"),
    ),
    "characters": (
        (b"a:\n\tb: 1\n", "yaml", "policy/syntax", "2:1"),
        (b"a: \x00\n", "yaml", "policy/syntax", "1:1"),
        (b"a = '\x00'\n", "toml", "policy/syntax", "1:6"),
        (b'{"a": "\\ud800"}', "json", "policy/encoding", "1:10"),
    ),
    "size": ((b"#" * (MAX_BYTES + 1), "yaml", "policy/too-large", "1:1"),),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_document_is_told_of_by_its_place(kind):
    found = {(content[:40], syntax): codes(content, syntax) for content, syntax, *_ in HOSTILE[kind]}
    assert found == {
        (content[:40], syntax): [(code, place)] for content, syntax, code, place in HOSTILE[kind]
    }


@pytest.mark.parametrize(
    ("content", "syntax"),
    [
        (b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "yaml"),
        (b'\xef\xbb\xbf{"a": 1,\r\n\t"b": 2}', "json"),
        (b"\xef\xbb\xbfa = 1\r\nb = 2\r\n", "toml"),
    ],
)
def test_a_byte_order_mark_and_foreign_line_ends_change_nothing(content, syntax):
    node, _ = read_node(content, "p", syntax)
    assert (node.plain(), node.keys["b"].line) == ({"a": 1, "b": 2}, 2)


@pytest.mark.parametrize("syntax", ["yaml", "json", "toml"])
def test_more_entries_than_any_policy_has_are_refused(syntax):
    keys = [f"k{number}" for number in range(50_001)]
    content = {
        "yaml": "\n".join(f"{key}: 1" for key in keys),
        "json": json.dumps(dict.fromkeys(keys, 1)),
        "toml": "\n".join(f"{key} = 1" for key in keys),
    }[syntax]
    assert [code for code, _ in codes(content.encode(), syntax)] == ["policy/too-deep"]


def test_items_of_a_long_list_are_found_in_one_pass():
    items = [f"a b{number}'" for number in range(3000)]
    content = "[default.run]\nallow = [\n" + ",\n".join(json.dumps(item) for item in items) + "]\n"
    node, _ = read_node(content.encode(), "p", "toml")
    allow = node.value["default"].value["run"].value["allow"]
    assert [item.span.line for item in allow.value] == list(range(3, 3003))
