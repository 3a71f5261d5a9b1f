"""A run is attended as it comes: events and output in their order, whoever drives it."""

from pathlib import Path

from rundown.model.event import ChildStarted, Event, LaunchRequested, ProcessEnded, RunFinished, StepStarted
from rundown.model.sandbox import ProcessResult
from rundown.record.attend import attend
from rundown.record.log import EventLog
from rundown.record.rundir import RunDirectory
from tests.support.records import TickingClock, a_contract, a_run


class Told:
    """What was told, in order; outputs as texts."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def event(self, event: Event) -> None:
        self.all.append(type(event.body).__name__)

    def output(self, chunk: bytes) -> None:
        self.all.append(chunk.decode())

    def below(self, run_id: str) -> None:
        self.all.append(f"below {run_id}")


def new_run(folder: Path) -> tuple[RunDirectory, EventLog]:
    directory = a_run(folder)
    return directory, EventLog.create(directory, a_contract(directory.run_id), TickingClock())


RESULT = ProcessResult(ending="exited", status=0, duration_ns=1)


def launched(position: str) -> LaunchRequested:
    return LaunchRequested(request="sha256:r", position=position, plan="sha256:p")


def ended(position: str, output: str) -> ProcessEnded:
    return ProcessEnded(
        request="sha256:r", position=position, result=RESULT, output=output, output_digest="sha256:d"
    )


def test_output_comes_as_it_is_written_and_whole_before_its_process_is_told_to_have_ended(
    tmp_path: Path,
) -> None:
    directory, log = new_run(tmp_path)
    told, looks = Told(), iter(range(100))
    log.append(StepStarted(step="1"))
    log.append(launched("1"))
    older = directory.open_output("1", 1)
    older.write(b"of a process that was killed")
    file = directory.open_output("1", 1)
    file.write(b"one ")

    def go_on(seconds: float) -> None:
        """What the other process does while this one waits."""
        match next(looks):
            case 0:
                file.write(b"two ")
            case 1:
                file.write(b"three")
                log.append(ended("1", file.name))
            case 2:
                log.append(ChildStarted(position="1", run_id="child", reference="c.md"))
                log.append(RunFinished(status="completed"))
                log.close()
            case _:
                pass

    attend(directory, told, pause=go_on)
    assert told.all == [
        "StepStarted",
        "LaunchRequested",
        "one ",
        "two ",
        "three",
        "ProcessEnded",
        "ChildStarted",
        "below child",
        "RunFinished",
    ]


def test_what_is_known_is_not_told_again_but_the_process_that_runs_is_followed(tmp_path: Path) -> None:
    directory, log = new_run(tmp_path)
    told = Told()
    log.append(StepStarted(step="1"))
    log.append(launched("1"))
    file = directory.open_output("1", 1)
    file.write(b"so far")
    attend(directory, told, skip=2, pause=lambda seconds: log.close())
    assert told.all == ["so far"]
