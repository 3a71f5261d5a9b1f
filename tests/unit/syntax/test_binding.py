"""What a bound block looks like; that it holds in real shells is in test_binding_in_shells.py."""

import pytest

from rundown.model.diagnostic import Span
from rundown.syntax.binding import Bound, bind_script


def test_values_travel_beside_the_text() -> None:
    variables = {"x": "a b", "n": 5, "tool": "make"}
    text = '{{tool}} {{x}} "-{{x}}" $(( {{n}} + 1 )) <<EOF\n{{x}}\nEOF\n'
    assert bind_script(text, "bash", variables) == Bound(
        text='make "${__rd_0}" "-${__rd_1}" $(( 5 + 1 )) <<EOF\n${__rd_2}\nEOF\n',
        shown='make a b "-a b" $(( 5 + 1 )) <<EOF\na b\nEOF\n',
        bindings=(("__rd_0", "a b"), ("__rd_1", "a b"), ("__rd_2", "a b")),
        references=(('"${__rd_0}"', "{{x}}"), ("${__rd_1}", "{{x}}"), ("${__rd_2}", "{{x}}")),
    )


def test_a_block_without_placeholders_is_as_it_was() -> None:
    text = "docker ps --format '{{.Names}}' ${x}\n"
    assert bind_script(text, "sh", {"Names": "no"}) == Bound(text=text, shown=text)


def test_undefined_names_are_all_named() -> None:
    bound = bind_script("a {{x}} {{y.z}} {{x}}", "bash", {"y": {}})
    assert (bound.undefined, bound.bindings, bound.text) == (("x", "y.z"), (), "a {{x}} {{y.z}} {{x}}")


def test_a_refusal_says_where_why_and_what_to_write() -> None:
    origin = Span(file="a.md", line=7)
    bound = bind_script("ls\necho '{{x}}' # {{x}}\n", "bash", {"x": "a b"}, origin=origin)
    assert [(str(item.span), item.message, item.fix) for item in bound.diagnostics] == [
        (
            "a.md:9:7",
            "`{{x}}` stands inside single quotes, and its value is not a plain word",
            'use double quotes: "{{x}}"',
        ),
        (
            "a.md:9:16",
            "`{{x}}` stands in a comment, and its value is not a plain word",
            "take the placeholder out of the comment",
        ),
    ]


def test_a_refusal_never_shows_the_value() -> None:
    bound = bind_script("echo '{{x}}'", "bash", {"x": "hunter 2"})
    assert "hunter" not in "".join(item.message + item.fix + item.why for item in bound.diagnostics)


@pytest.mark.parametrize(
    ("text", "x", "bound"),
    [
        ("echo '{{x}}'", "a-b_1.c/d", "echo 'a-b_1.c/d'"),
        ("{{x}} a", "./run.sh", "./run.sh a"),
        ("bash -c 'echo {{x}}'", "v1", "bash -c 'echo v1'"),
        ("# {{x}}", "v1", "# v1"),
        ("cat <<'EOF'\n{{x}}\nEOF", "v1", "cat <<'EOF'\nv1\nEOF"),
        ("echo $((1 - {{x}}))", "-3", "echo $((1 - (-3)))"),
        ("[[ {{x}} -eq 3 ]]", "-3", "[[ -3 -eq 3 ]]"),
    ],
)
def test_plain_words_and_integers_are_written_into_syntax(text: str, x: str, bound: str) -> None:
    assert bind_script(text, "bash", {"x": x}).text == bound


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("cat <<'EOF'\n{{x}}\nEOF", "EOF"),
        ("cat <<'EOF'\nE{{x}}\nEOF", "OF"),
        ("cat <<-'EOF'\n\t{{x}}\n\tEOF", "EOF"),
        ("{{x}} a", "if"),
        ("{{x}} a", "-x"),
        ("'{{x}}'", "../a"),
        ("'.{{x}}'", "./a"),
        ("'{{x}}{{x}}'", "."),
        ("'{{x}}'", ""),
        ("'{{x}}'", "__rd_0"),
        ("echo {{x}}", "a\0b"),
    ],
)
def test_words_that_would_not_stay_what_they_are_are_refused(text: str, x: str) -> None:
    assert [item.code for item in bind_script(text, "bash", {"x": x}).diagnostics] != []


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("{{x}} {{y}}", "eval"),
        ("{{x}} -c {{y}}", "bash"),
        ("env {{x}} -c {{y}}", "sh"),
        ("{{x}} {{y}} a", "trap"),
    ],
)
def test_a_word_of_syntax_changes_what_the_others_are(text: str, x: str) -> None:
    refused = bind_script(text, "bash", {"x": x, "y": "touch canary"})
    taken = bind_script(text, "bash", {"x": "echo", "y": "touch canary"})
    assert ([item.code for item in refused.diagnostics], taken.diagnostics) == (
        ["syntax/unsafe-placeholder"],
        (),
    )


def test_private_names_never_meet_the_author_s() -> None:
    bound = bind_script("__rd_0=1; echo {{x}} $__rd_0", "bash", {"x": "v"})
    assert bound.bindings == (("__rd___0", "v"),)


def test_values_are_bound_once() -> None:
    bound = bind_script("echo {{x}}", "bash", {"x": "{{y}}", "y": "no"})
    assert bound.bindings == (("__rd_0", "{{y}}"),)


def test_arithmetic_commands_are_bash_only() -> None:
    assert bind_script("(({{x}} > 1))", "bash", {"x": 2}).text == "((2 > 1))"
    assert bind_script("(({{x}} > 1))", "sh", {"x": "a b"}).diagnostics != ()
