"""Our globs answer as picomatch does: by its recorded verdicts always, by picomatch itself where it is."""

import os

import pytest

from tests.peers.picomatch_pairs import DIFFERENT, PATTERNS, ours, picomatch_is_there, recorded, theirs


def compared(verdicts: list[str]) -> list[str]:
    """Returns the patterns on which we answer otherwise."""
    pairs = zip(PATTERNS, ours(), verdicts, strict=True)
    return [pattern for pattern, mine, other in pairs if mine != other]


def test_globs_answer_as_picomatch_did_but_where_we_mean_to_differ() -> None:
    assert sorted(compared(recorded())) == sorted(DIFFERENT)


def test_picomatch_still_answers_as_on_record() -> None:
    if not picomatch_is_there() and os.environ.get("RUNDOWN_PEERS") != "require":
        pytest.skip("needs Node and picomatch: npm install picomatch, NODE_PATH=…/node_modules")
    assert theirs()[1] == recorded()
