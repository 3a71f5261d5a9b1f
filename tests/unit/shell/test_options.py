"""Command lines are read as getopt reads them; what is not in a grammar is never guessed."""

import pytest

from rundown.shell.options import grammar, read_options
from rundown.shell.tree import Word

_RULES = grammar("ab:c::", "all name= maybe== nametag")


def _words(*values: str) -> list[Word]:
    return [Word(start=0, end=0, raw=value, value=value, prefix=value) for value in ("program", *values)]


def _read(*values: str) -> tuple[list[tuple[str, str | None]], int, bool]:
    line = read_options(_words(*values), _RULES)
    options = [
        (option.name, option.value.value if option.value is not None else None) for option in line.options
    ]
    return options, line.first, line.uncertain is not None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("x",), ([], 1, False)),
        (("-a", "x"), ([("a", None)], 2, False)),
        (("-abx", "y"), ([("a", None), ("b", "x")], 2, False)),
        (("-ab", "x", "y"), ([("a", None), ("b", "x")], 3, False)),
        (("-cx", "y"), ([("c", "x")], 2, False)),
        (("-c", "y"), ([("c", None)], 2, False)),
        (("--name=x", "y"), ([("name", "x")], 2, False)),
        (("--name", "x", "y"), ([("name", "x")], 3, False)),
        (("--ma", "y"), ([("maybe", None)], 2, False)),
        (("--al",), ([("all", None)], 2, False)),
        (("--nam", "x"), ([], 1, True)),
        (("--other", "x"), ([], 1, True)),
        (("-z", "x"), ([], 1, True)),
        (("--", "-a"), ([], 2, False)),
        (("-", "-a"), ([], 1, False)),
    ],
)
def test_words_are_read_as_getopt_does(values: tuple[str, ...], expected: object) -> None:
    assert _read(*values) == expected


def test_a_word_that_may_be_an_option_makes_the_rest_uncertain() -> None:
    unknown = Word(start=0, end=0, raw="$x", value=None, splits=True)
    assert read_options([*_words(), unknown], _RULES).uncertain is unknown


def test_an_attached_argument_may_be_unknown() -> None:
    attached = Word(start=0, end=0, raw='--name="$x"', value=None, prefix="--name=")
    line = read_options([*_words(), attached, *_words()[:1]], _RULES)
    assert ([option.name for option in line.options], line.first, line.uncertain) == (["name"], 2, None)
