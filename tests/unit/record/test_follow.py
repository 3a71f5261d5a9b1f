"""Following a log that grows."""

from pathlib import Path

import pytest

from rundown.errors import RecordError
from rundown.model.event import Event, StepStarted
from rundown.record.follow import follow_events
from rundown.record.log import EventLog
from tests.support.records import TickingClock, a_contract, a_run


def test_events_are_seen_as_they_come_until_the_writer_lets_go(tmp_path: Path) -> None:
    rundir = a_run(tmp_path)
    log = EventLog.create(rundir, a_contract(), TickingClock())
    written = [log.append(StepStarted(step="1"))]
    path = rundir.path / "events.jsonl"
    pauses: list[float] = []

    def write_meanwhile(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            written.append(log.append(StepStarted(step="2", title="x" * 200_000)))
        if len(pauses) == 4:
            written.append(log.append(StepStarted(step="3")))
            log.close()

    seen: list[Event] = list(follow_events(path, write_meanwhile))
    assert (seen, len(pauses)) == (written, 4)


def test_half_a_line_is_not_shown_before_it_is_whole(tmp_path: Path) -> None:
    rundir = a_run(tmp_path)
    path = rundir.path / "events.jsonl"
    with EventLog.create(rundir, a_contract(), TickingClock()) as log:
        first = log.append(StepStarted(step="1"))
    with path.open("ab") as stream:
        stream.write(b'{"at":')
    log = EventLog.open(rundir, TickingClock())
    with path.open("ab") as stream:
        stream.write(b'{"at":"torn')

    def resume(seconds: float) -> None:
        path.write_bytes(path.read_bytes()[: -len(b'{"at":"torn')])
        log.append(StepStarted(step="2"))
        log.close()

    assert [event.seq for event in follow_events(path, resume)] == [first.seq, 1]


def test_a_run_that_nobody_writes_is_read_to_its_end(tmp_path: Path) -> None:
    rundir = a_run(tmp_path)
    with EventLog.create(rundir, a_contract(), TickingClock()) as log:
        written = [log.append(StepStarted(step=str(step))) for step in range(3)]
    assert list(follow_events(rundir.path / "events.jsonl")) == written


@pytest.mark.parametrize(
    ("content", "code"), [(None, "record/log-not-read"), (b"{}\n", "record/log-damaged")]
)
def test_what_cannot_be_read_is_said(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "events.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordError) as caught:
        list(follow_events(path))
    assert caught.value.diagnostics[0].code == code
