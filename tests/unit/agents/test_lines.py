import pytest

from rundown.agents.lines import Lines, LineTooLongError


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_lines_are_whole_however_they_come(size: int) -> None:
    text, lines = b'{"a": 1}\n\n{"b": 2}\r\nrest', Lines()
    found = [line for at in range(0, len(text), size) for line in lines.feed(text[at : at + size])]
    assert found == [b'{"a": 1}', b'{"b": 2}']


def test_a_line_that_never_ends_is_refused() -> None:
    lines = Lines(most_bytes=10)
    with pytest.raises(LineTooLongError):
        for _ in range(20):
            list(lines.feed(b"x"))
