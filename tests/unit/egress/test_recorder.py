"""Reports go on record one by one, off the loop, and bounded."""

import threading

import pytest

from rundown.egress.gate import Report
from rundown.egress.recorder import Recorder, merge


def report(host: str = "a", **changes: object) -> Report:
    return Report(host=host, port=443, allowed=True, sent_bytes=1, received_bytes=2, **changes)  # type: ignore[arg-type]


def test_reports_are_told_in_their_order():
    told: list[Report] = []
    recorder = Recorder(told.append)
    for host in ("a", "b", "a"):
        recorder.add(report(host))
    recorder.close()
    assert [(item.host, item.count) for item in merge(told)] == [("a", 2), ("b", 1)]


def test_what_piles_up_while_the_record_is_slow_is_told_as_one():
    told: list[Report] = []
    goes_on = threading.Event()

    def record(item: Report) -> None:
        goes_on.wait(10)
        told.append(item)

    recorder = Recorder(record)
    for _ in range(5000):
        recorder.add(report())
    goes_on.set()
    recorder.close()
    assert len(told) <= 3
    assert (sum(item.count for item in told), sum(item.received_bytes for item in told)) == (5000, 10000)


def test_a_step_cannot_fill_the_disk():
    told: list[Report] = []
    recorder = Recorder(told.append)
    for number in range(3000):
        recorder.add(Report(host=f"h{number}", port=0, allowed=False, reason="no"))
    recorder.close()
    assert (len(told), told[-1].host, sum(item.count for item in told)) == (1001, "*", 3000)


def test_a_record_that_fails_is_heard_of_at_the_end():
    def record(item: Report) -> None:
        raise OSError("full")

    recorder = Recorder(record)
    recorder.add(report())
    with pytest.raises(OSError, match="full"):
        recorder.close()
