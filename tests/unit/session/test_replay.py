"""What was left half done when a process died, as the log tells it."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from rundown.engine.course import Course
from rundown.model.event import (
    Body,
    Event,
    LaunchRequested,
    OutputCaptured,
    ProcessEnded,
    RunPaused,
    RunResumed,
    StepFinished,
    StepStarted,
)
from rundown.model.sandbox import ProcessResult
from rundown.session.replay import Replayed, replay
from tests.support.books import book, step
from tests.support.play import STARTED

PLAIN = book(step("1"), step("2"))
HANDING_ON = book(replace(step("1"), outputs=("Tag", "Size")), step("2"))
ENTERED = StepStarted(step="1")
LAUNCHED = LaunchRequested(request="sha256:1", position="1", plan="sha256:2")
ENDED = ProcessEnded(
    request="sha256:1",
    position="1",
    result=ProcessResult(ending="exited", status=0, duration_ns=1),
    output="output/1.1.log",
    output_digest="sha256:3",
)
INTERRUPTED = replace(ENDED, result=ProcessResult(ending="interrupted", duration_ns=1))
SHELL_LAUNCHED = replace(LAUNCHED, request="sha256:4", position="1~shell")
SHELL_ENDED = replace(ENDED, request="sha256:4", position="1~shell")
PASSED = StepFinished(step="1", result="pass", reported_by="process")
TAG = OutputCaptured(position="1", name="Tag", value='"1"')
SIZE = OutputCaptured(position="1", name="Size", value="2")
PAUSED = RunPaused(reason="in-doubt", position="1")


def told(course: Course, bodies: Sequence[Body]) -> Replayed:
    """What the log says that holds the start and `bodies`."""
    events = [Event(seq=at, at="", prev="", body=body) for at, body in enumerate((STARTED, *bodies))]
    found = replay(course, events)
    assert found is not None
    return found


def test_a_log_without_a_start_tells_nothing() -> None:
    assert replay(PLAIN, ()) is None


@pytest.mark.parametrize(
    ("bodies", "in_doubt", "unjudged"),
    [
        ((ENTERED,), False, False),
        ((ENTERED, LAUNCHED), True, False),
        ((ENTERED, LAUNCHED, RunResumed(), PAUSED), True, False),
        ((ENTERED, LAUNCHED, ENDED), False, True),
        ((ENTERED, LAUNCHED, ENDED, RunResumed()), False, True),
        ((ENTERED, LAUNCHED, ENDED, PASSED), False, False),
        ((ENTERED, LAUNCHED, RunResumed(), LAUNCHED, ENDED), False, True),
        ((ENTERED, LAUNCHED, INTERRUPTED), False, False),
        ((ENTERED, LAUNCHED, ENDED, SHELL_LAUNCHED), False, True),
        ((ENTERED, LAUNCHED, ENDED, SHELL_LAUNCHED, SHELL_ENDED), False, True),
    ],
)
def test_a_launch_without_its_end_is_in_doubt_and_an_end_without_a_result_is_unjudged(
    bodies: Sequence[Body], in_doubt: bool, unjudged: bool
) -> None:
    found = told(PLAIN, bodies)
    assert (found.in_doubt, found.unjudged) == (LAUNCHED if in_doubt else None, ENDED if unjudged else None)


@pytest.mark.parametrize(
    ("bodies", "in_doubt"),
    [
        ((ENTERED, LAUNCHED), True),
        ((ENTERED, LAUNCHED, TAG), True),
        ((ENTERED, LAUNCHED, TAG, SIZE), True),
        ((ENTERED, LAUNCHED, TAG, SIZE, ENDED), False),
        ((ENTERED, LAUNCHED, TAG, ENDED), False),
        ((ENTERED, LAUNCHED, TAG, SIZE, ENDED, PASSED), False),
    ],
)
def test_a_process_is_in_doubt_until_its_end_is_on_record_which_comes_after_its_values(
    bodies: Sequence[Body], in_doubt: bool
) -> None:
    assert told(HANDING_ON, bodies).in_doubt == (LAUNCHED if in_doubt else None)
