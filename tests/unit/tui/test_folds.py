"""Long lines go on in the next row, and no character is lost on the way."""

from hypothesis import given, settings
from hypothesis import strategies as some
from rich.cells import cell_len

from rundown.tui.folds import Folds
from rundown.tui.lines import Lines, plain

TEXTS = some.lists(some.text(alphabet="ab \u5b8c\u00e9", max_size=30), min_size=1, max_size=8)


def rows(folds: Folds, lines: Lines) -> list[tuple[int, str]]:
    """Returns every row as it would be drawn: the line's number and its piece of it."""
    found = []
    for row in range(folds.update()):
        number, part = folds.at(row) or (-1, 0)
        text = plain(lines.line(number))
        first, after = folds.piece(text, part)
        at, piece = 0, ""
        for char in text:
            piece += char if first <= at < after else ""
            at += cell_len(char)
        found.append((number, piece))
    return found


@settings(max_examples=60, deadline=None)
@given(TEXTS, some.integers(2, 12))
def test_the_rows_of_a_line_hold_all_of_it_and_none_is_too_wide(texts, width):
    lines = Lines()
    lines.add(texts)
    found = rows(Folds(lines, width), lines)
    joined = ["".join(piece for number, piece in found if number == at) for at in range(len(texts))]
    assert (joined, max(cell_len(piece) for _, piece in found) <= width) == (texts, True)


def test_what_grows_is_counted_from_where_it_was():
    lines = Lines()
    folds = Folds(lines, 4)
    lines.feed("stdout", b"abcdef\nab")
    first = rows(folds, lines)
    lines.feed("stdout", b"cdefghi\n\x1b[31mred and on\x1b[0m\n")
    assert (first, rows(folds, lines)) == (
        [(0, "abcd"), (0, "ef"), (1, "ab")],
        [(0, "abcd"), (0, "ef"), (1, "abcd"), (1, "efgh"), (1, "i"), (2, "red "), (2, "and "), (2, "on")],
    )


def test_lines_that_are_dropped_take_their_rows_along():
    lines = Lines(most_lines=10)
    folds = Folds(lines, 4)
    for number in range(40):
        lines.add((f"{number:06}",))
        found = rows(folds, lines)
        assert found[0] == (lines.first, f"{lines.first:06}"[:4]), number
        assert (len(found), folds.row_of(lines.first)) == (2 * (lines.end - lines.first), 0)
    assert lines.first > 0
