"""Templates in text, and the escape of what they bring in."""

import pytest

from rundown.syntax.template import Placeholder, escape_controls, expand_text, placeholders

VARIABLES = {
    "Name": "x y",
    "n": 3,
    "f": 1.5,
    "yes": True,
    "none": None,
    "item": {"field": "v", "my-key": [1, {"a": "b"}]},
    "again": "{{Name}}",
}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("a {{Name}} b", "a x y b"),
        ("{{ Name }}{{\tn }}", "x y3"),
        ("{{f}} {{yes}} {{none}}", "1.5 true null"),
        ("{{item.field}}", "v"),
        ("{{item.my-key.1.a}}", "b"),
        ("{{item}}", '{"field": "v", "my-key": [1, {"a": "b"}]}'),
        ("{{again}}", "{{Name}}"),
        ("{{{Name}}}", "{x y}"),
        (
            "{{ .Names }} {{Name | upper}} {{}} {{ 1 }} {Name} {{Na me}}",
            "{{ .Names }} {{Name | upper}} {{}} {{ 1 }} {Name} {{Na me}}",
        ),
        ("{{Name\n}}", "{{Name\n}}"),
    ],
)
def test_expansion(text: str, expanded: str) -> None:
    assert expand_text(text, VARIABLES) == (expanded, ())


def test_what_is_undefined_stays_and_is_named_once() -> None:
    text = "{{a}} {{a}} {{item.b}} {{item.my-key.9}} {{Name.x}} {{n.real}}"
    assert expand_text(text, VARIABLES) == (text, ("a", "item.b", "item.my-key.9", "Name.x", "n.real"))


def test_values_are_escaped_for_people_and_the_text_is_not() -> None:
    assert expand_text("\x1b{{v}}", {"v": "a\x1b[2J\u202eb\u200b\n\tc\x7fé"}, escape=True) == (
        "\x1ba\\x1b[2J\\u202eb\\u200b\n\tc\\x7fé",
        (),
    )


def test_escape_reaches_beyond_the_basic_plane() -> None:
    assert escape_controls("a\U000e0041b\u2028c") == "a\\U000e0041b\\u2028c"


def test_placeholders_know_their_places() -> None:
    assert list(placeholders("{{a.b}} {{ c }}")) == [
        Placeholder(path="a.b", start=0, end=7),
        Placeholder(path="c", start=8, end=15),
    ]
