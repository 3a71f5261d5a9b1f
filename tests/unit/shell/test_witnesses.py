"""The witnesses add what the exact reader does not see, and cannot hang or break it."""

import pytest

from rundown.shell import witness_bashlex, witness_tree


def test_tree_sitter_sees_commands_and_their_places() -> None:
    sight = witness_tree.look(b"ls | $X; 'rm' x")
    assert [(item.value, item.text, item.span) for item in sight.commands] == [
        ("ls", "ls", (0, 2)),
        (None, "$X", (5, 7)),
        ("rm", "'rm'", (9, 13)),
    ]


def test_tree_sitter_says_where_it_cannot_read() -> None:
    assert witness_tree.look(b"exec 3<>f").error is not None


def test_bashlex_sees_nested_commands() -> None:
    assert {item.value for item in witness_bashlex.look("ls $(rm x) && cat")} == {"ls", "rm", "cat"}


@pytest.mark.parametrize("text", ["case x in x) ls;; esac", "((", "a=(1)", "[[ a ]]"])
def test_bashlex_answers_nothing_where_it_cannot_read(text: str) -> None:
    assert witness_bashlex.look(text) == ()


def test_bashlex_is_not_asked_about_what_it_does_not_come_back_from() -> None:
    assert witness_bashlex.look("x='a${x:-'; ls $x") == ()
