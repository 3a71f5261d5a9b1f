"""Steps in a list that a person reads."""

import pytest

from rundown.render.positions import describe_positions


@pytest.mark.parametrize(
    ("positions", "text"),
    [
        (("2",), "step 2"),
        (("2", "4"), "steps 2, 4"),
        (("1", "2"), "steps 1, 2"),
        (("1", "2", "3", "5", "Clean"), "steps 1 to 3, 5, Clean"),
        (tuple(map(str, range(1, 41))), "steps 1 to 40"),
        (("1.1", "1.2", "1.3"), "steps 1.1, 1.2, 1.3"),
        (("a\x1b[31mb",), "step a\\x1b[31mb"),
    ],
)
def test_neighbours_are_a_range(positions: tuple[str, ...], text: str) -> None:
    assert describe_positions(positions) == text
