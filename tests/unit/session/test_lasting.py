"""When a project's document may be written: never while a step runs that could write there as well."""

import pytest

from rundown.session.lasting import LastingGrants


@pytest.fixture
def written():
    return []


def test_without_a_step_it_is_written_at_once_and_errors_are_told(written):
    lasting = LastingGrants()
    lasting.write(lambda: written.append(1))
    assert written == [1]
    with pytest.raises(OSError, match="full"):
        lasting.write(lambda: _fail())


def test_while_a_step_runs_it_waits_until_the_next_one_begins(written):
    lasting = LastingGrants()
    lasting.begin("one")
    lasting.write(lambda: written.append(1))
    lasting.end("one")
    assert written == []
    lasting.begin("two")
    assert written == [1]


def test_a_step_inside_another_keeps_it_waiting_until_both_are_over(written):
    lasting = LastingGrants()
    agent, call = object(), object()
    lasting.begin(agent)
    lasting.begin(call)
    lasting.write(lambda: written.append(1))
    lasting.end(call)
    lasting.begin(call)
    lasting.end(call)
    assert written == []
    lasting.end(agent)
    lasting.write(lambda: written.append(2))
    assert written == [1, 2]


def test_at_the_end_all_is_written_whatever_fails_and_whoever_was_forgotten(written):
    lasting = LastingGrants()
    lasting.begin("never ended")
    lasting.write(_fail)
    lasting.write(lambda: written.append(1))
    lasting.end_all()
    assert written == [1]


def _fail() -> None:
    raise OSError(28, "full")
