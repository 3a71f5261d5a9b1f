"""The positions of steps in words, for lists that a person reads."""

from collections.abc import Iterator, Sequence

from rundown.render.escape import visible

_LEAST_RANGE = 3


def describe_positions(positions: Sequence[str]) -> str:
    """Returns `step 2`, `steps 2, 4`, `steps 1 to 40, Clean`: three or more neighbours are a range."""
    noun = "step" if len(positions) == 1 else "steps"
    return f"{noun} {', '.join(_parts(positions))}"


def _parts(positions: Sequence[str]) -> Iterator[str]:
    run: list[str] = []
    for position in (*positions, ""):
        if run and not _follows(run[-1], position):
            yield from [f"{run[0]} to {run[-1]}"] if len(run) >= _LEAST_RANGE else run
            run = []
        run.append(visible(position))


def _follows(earlier: str, later: str) -> bool:
    return earlier.isdecimal() and later.isdecimal() and int(later) == int(earlier) + 1
