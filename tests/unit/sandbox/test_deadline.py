"""A deadline that stands still while a step is frozen."""

import time

from rundown.sandbox.deadline import Deadline

HOUR_NS = 3_600_000_000_000


def test_without_one_there_is_no_end():
    assert (Deadline().left_s(), Deadline().has_passed()) == (None, False)


def test_it_passes_and_is_set_anew():
    deadline = Deadline()
    deadline.set(0)
    assert (deadline.left_s(), deadline.has_passed()) == (0, True)
    deadline.set(HOUR_NS)
    assert (3599 < (deadline.left_s() or 0) <= 3600, deadline.has_passed()) == (True, False)
    deadline.set(None)
    assert deadline.left_s() is None


def test_time_while_frozen_does_not_count():
    deadline = Deadline()
    deadline.set(HOUR_NS)
    deadline.freeze(True)
    assert (deadline.left_s(), deadline.is_frozen) == (None, True)
    before = time.monotonic_ns()
    while time.monotonic_ns() - before < 20_000_000:
        pass
    deadline.freeze(False)
    assert 3599.9 < (deadline.left_s() or 0) <= 3600


def test_one_that_has_passed_stays_so_but_not_while_frozen():
    deadline = Deadline()
    deadline.set(0)
    deadline.freeze(True)
    assert deadline.has_passed() is False
    deadline.freeze(False)
    assert deadline.has_passed() is True
