"""What an agent is told of the failure before it, after a resume as well."""

import pytest

from rundown.errors import RecordError
from rundown.model.event import Body, Event, ProcessEnded, StepFinished
from rundown.model.sandbox import ProcessResult
from rundown.session.failures import Failures

OUTPUTS = {"output/1.1.log": b"first\n", "output/1.2.log": b"boom\n"}


def ended(output: str) -> ProcessEnded:
    result = ProcessResult(ending="exited", status=1, duration_ns=1)
    return ProcessEnded(request="r", position="1", result=result, output=output, output_digest="d")


def finished(result: str, note: str = "") -> StepFinished:
    return StepFinished(step="1", result=result, reported_by="process", note=note)  # type: ignore[arg-type]


def read(name: str) -> bytes:
    if name not in OUTPUTS:
        raise RecordError
    return OUTPUTS[name]


FAILED = finished("fail", "why")


@pytest.mark.parametrize(
    ("bodies", "tail"),
    [
        ([], ""),
        ([ended("output/1.1.log"), FAILED, ended("output/1.2.log"), FAILED], "[step 1]\nboom\n(why)"),
        ([ended("output/1.1.log"), FAILED, ended("output/1.2.log"), finished("pass")], ""),
        ([ended("output/1.1.log"), FAILED, FAILED], "[step 1]\n\n(why)"),
        ([ended("output/gone.log"), FAILED], "[step 1]\n\n(why)"),
        ([ended("output/1.1.log"), FAILED, ended("output/1.2.log")], "[step 1]\nfirst\n(why)"),
    ],
)
def test_the_last_failure_is_read_from_the_record(bodies: list[Body], tail: str) -> None:
    events = [Event(seq=seq, at="", prev="", body=body) for seq, body in enumerate(bodies)]
    failures = Failures()
    failures.recall(events, read)
    assert failures.tail() == tail
