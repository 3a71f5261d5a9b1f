"""The log: durable or not there at all, whatever happens to the writer or the disk."""

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rundown.errors import RecordError
from rundown.model.contract import Contract
from rundown.model.event import Body, Event, OutputCaptured, RunStarted, StepStarted, UnknownBody
from rundown.record.chain import Head, encode_line, first_prev, line_hash
from rundown.record.events import read_events
from rundown.record.log import EventLog, TornTail
from rundown.record.rundir import RunDirectory
from tests.support.ordinary import run_python
from tests.support.records import (
    START_NS,
    TickingClock,
    a_contract,
    a_place,
    a_run,
    known_bodies,
    memory_folder,
    some_bodies,
)


def _written(folder: Path, bodies: tuple[Body, ...] | None = None) -> tuple[RunDirectory, tuple[Event, ...]]:
    rundir = a_run(folder)
    with EventLog.create(rundir, a_contract(rundir.run_id), TickingClock()) as log:
        return rundir, tuple(log.append(body) for body in bodies or some_bodies())


def _refusal(act: Callable[[], object]) -> tuple[str, ...]:
    with pytest.raises(RecordError) as caught:
        act()
    return tuple(item.code for item in caught.value.diagnostics)


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


def test_what_append_returned_is_what_stands_in_the_file(tmp_path: Path) -> None:
    rundir, events = _written(tmp_path)
    assert tuple(read_events(rundir.path / "events.jsonl")) == events


def test_lines_are_numbered_timed_and_chained_from_the_contract(tmp_path: Path) -> None:
    rundir, events = _written(tmp_path)
    contract = msgspec.json.decode(rundir.read_file("contract.json"), type=Contract)
    lines = rundir.read_file("events.jsonl").splitlines()
    assert [(event.seq, event.at, event.prev) for event in events[:3]] == [
        (0, "2026-09-21T14:13:20.000000Z", first_prev(contract)),
        (1, "2026-09-21T14:13:20.001000Z", line_hash(lines[0])),
        (2, "2026-09-21T14:13:20.002000Z", line_hash(lines[1])),
    ]


def test_a_log_goes_on_where_it_was_left(tmp_path: Path) -> None:
    rundir, events = _written(tmp_path)
    with EventLog.open(rundir, TickingClock(START_NS + 10**9)) as log:
        more = log.append(StepStarted(step="3"))
        torn, head = log.torn, log.head
    assert (torn, head.count, tuple(read_events(rundir.path / "events.jsonl"))) == (
        None,
        len(events) + 1,
        (*events, more),
    )


def test_a_clock_that_goes_back_does_not_take_the_log_along(tmp_path: Path) -> None:
    times = iter([START_NS, START_NS - 10**9, START_NS + 1000])
    rundir = a_run(tmp_path)
    with EventLog.create(rundir, a_contract(), lambda: next(times)) as log:
        assert [log.append(StepStarted(step="1")).at[-9:] for _ in range(3)] == [
            "0.000000Z",
            "0.000000Z",
            "0.000001Z",
        ]


def test_a_log_cut_at_any_byte_opens_as_the_longest_whole_one(memory: Path) -> None:
    rundir, events = _written(memory, some_bodies()[1:4])
    content = rundir.read_file("events.jsonl")
    for size in range(len(content) + 1):
        (rundir.path / "events.jsonl").write_bytes(content[:size])
        whole = content[:size].rfind(b"\n") + 1
        count = content[:size].count(b"\n")
        expected = None if whole == size else TornTail(seq=count, offset=whole, size_bytes=size - whole)
        with EventLog.open(rundir, TickingClock()) as log:
            assert (log.torn, log.head.count) == (expected, count)
        assert rundir.read_file("events.jsonl") == content[:whole]
    assert tuple(read_events(rundir.path / "events.jsonl")) == events


def test_a_torn_tail_is_never_cut_below_a_known_head(tmp_path: Path) -> None:
    rundir, events = _written(tmp_path)
    content = rundir.read_file("events.jsonl")
    head = Head(count=len(events), hash=line_hash(content.splitlines()[-1]))
    (rundir.path / "events.jsonl").write_bytes(content[:-5])
    assert _refusal(lambda: EventLog.open(rundir, TickingClock(), head=head)) == (
        "record/log-damaged",
        "record/lines-missing",
    )
    assert rundir.read_file("events.jsonl") == content[:-5]


@settings(deadline=None)  # waits for the disk
@given(st.data())
def test_a_log_with_any_changed_byte_is_not_gone_on_with(memory: Path, data: st.DataObject) -> None:
    rundir, events = _written(memory)
    path = rundir.path / "events.jsonl"
    content = bytearray(path.read_bytes())
    head = Head(count=len(events), hash=line_hash(bytes(content).splitlines()[-1]))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    assert _refusal(lambda: EventLog.open(rundir, TickingClock(), head=head))[0] == "record/log-damaged"


def test_a_second_writer_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    rundir = a_run(tmp_path)
    with EventLog.create(rundir, a_contract(), TickingClock()):
        with pytest.raises(RecordError) as caught:
            EventLog.open(rundir, TickingClock())
        (diagnostic,) = caught.value.diagnostics
        assert (diagnostic.code, diagnostic.message) == (
            "record/log-busy",
            f"run {rundir.run_id} is being written by another process ({os.getpid()})",
        )
    EventLog.open(rundir, TickingClock()).close()


def test_a_run_has_one_log(tmp_path: Path) -> None:
    rundir, _ = _written(tmp_path)
    before = [rundir.read_file(name) for name in ("events.jsonl", "contract.json")]
    another = a_contract("another")
    assert _refusal(lambda: EventLog.create(rundir, another, TickingClock())) == ("record/log-not-made",)
    assert [rundir.read_file(name) for name in ("events.jsonl", "contract.json")] == before
    EventLog.open(rundir, TickingClock()).close()


def test_a_line_that_was_written_but_not_believed_is_taken_back(tmp_path: Path) -> None:
    """As when Ctrl-C comes between the two."""
    rundir = a_run(tmp_path)
    path = rundir.path / "events.jsonl"
    with EventLog.create(rundir, a_contract(), TickingClock()) as log:
        first = log.append(StepStarted(step="1"))
        whole = path.read_bytes()
        log.append(StepStarted(step="interrupted"))
        interrupted = path.read_bytes()
    path.write_bytes(whole)
    with EventLog.open(rundir, TickingClock()) as log:
        path.write_bytes(interrupted)
        second = log.append(StepStarted(step="2"))
    assert tuple(read_events(path)) == (first, second)
    EventLog.open(rundir, TickingClock()).close()


def test_a_closed_log_takes_nothing_more(tmp_path: Path) -> None:
    rundir = a_run(tmp_path)
    log = EventLog.create(rundir, a_contract(), TickingClock())
    log.close()
    log.close()
    assert _refusal(lambda: log.append(StepStarted(step="1"))) == ("record/log-closed",)


@settings(deadline=None)  # waits for the disk
@given(known_bodies())
def test_any_body_is_stored_as_returned_or_refused_whole(memory: Path, body: UnknownBody) -> None:
    rundir = a_run(memory)
    with EventLog.create(rundir, a_contract(), TickingClock()) as log:
        first = log.append(StepStarted(step="1"))
        try:
            events = (first, log.append(body))
        except RecordError as error:
            assert [item.code for item in error.diagnostics] == ["record/not-storable"]
            events = (first,)
        events = (*events, log.append(StepStarted(step="2")))
    assert tuple(read_events(rundir.path / "events.jsonl")) == events


def test_secrets_are_out_of_what_is_stored_and_of_what_is_believed(tmp_path: Path) -> None:
    rundir = a_run(tmp_path)
    contract = a_contract(inputs={"who": '"hunter22"'})
    with EventLog.create(
        rundir, contract, TickingClock(), lambda text: text.replace("hunter22", "***")
    ) as log:
        bodies = [
            log.append(body).body
            for body in (
                OutputCaptured(position="1", name="x", value='"hunter22"'),
                OutputCaptured(position="1", name="y", value='"plain"'),
                UnknownBody(type="Later", raw={"type": "Later", "text": ["hunter22"]}),
            )
        ]
    assert bodies == [
        OutputCaptured(position="1", name="x", value='"***"', lost=True),
        OutputCaptured(position="1", name="y", value='"plain"'),
        UnknownBody(type="Later", raw={"type": "Later", "text": ["***"]}),
    ]
    assert b"hunter22" not in rundir.read_file("events.jsonl") + rundir.read_file("contract.json")


def test_a_log_that_came_as_a_link_is_not_opened(tmp_path: Path) -> None:
    rundir, _ = _written(tmp_path)
    (rundir.path / "events.jsonl").rename(tmp_path / "elsewhere")
    (rundir.path / "events.jsonl").symlink_to(tmp_path / "elsewhere")
    assert _refusal(lambda: EventLog.open(rundir, TickingClock())) == ("record/log-not-opened",)
    assert _refusal(lambda: list(read_events(rundir.path / "events.jsonl"))) == ("record/log-not-read",)


_FILL = """
    import sys, time, resource, pathlib
    sys.path.insert(0, ".")
    from tests.support.records import a_contract, a_place
    from rundown.errors import RecordError
    from rundown.model.event import StepStarted
    from rundown.record.events import read_events
    from rundown.record.log import EventLog
    from rundown.record.rundir import RunDirectory

    folder = pathlib.Path(sys.argv[1])
    rundir = RunDirectory.create(a_place(folder), now_ns=time.time_ns())
    log = EventLog.create(rundir, a_contract(), time.time_ns)
    if len(sys.argv) > 2:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    stored = []
    try:
        while True:
            stored.append(log.append(StepStarted(step="x" * 3000)))
    except RecordError as error:
        assert [item.code for item in error.diagnostics] == ["record/log-not-written"], error
        print(error.diagnostics[0].why)
    # Nothing is lost, nothing is left over, and a smaller fact may still fit.
    assert rundir.read_file("events.jsonl").endswith(b"\\n")
    if len(sys.argv) > 2:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        (folder / "ballast").unlink()
    stored.append(log.append(StepStarted(step="1")))
    log.close()
    assert list(read_events(rundir.path / "events.jsonl")) == stored
    with EventLog.open(rundir, time.time_ns) as again:
        assert (again.torn, again.head.count) == (None, len(stored))
    print("whole")
"""


def test_a_limit_on_file_size_loses_nothing(tmp_path: Path) -> None:
    why, end = run_python(_FILL, str(tmp_path), "20000").splitlines()
    assert (re.sub(r"\d+", "N", why), end) == ("only N of N bytes could be written", "whole")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=128k tmpfs "$0" && head -c 40000 /dev/zero > "$0/ballast" && exec "$@"'
    printed = run_python(_FILL, str(tmp_path), prefix=("unshare", "-m", "sh", "-c", mount, str(tmp_path)))
    assert printed.splitlines()[-1] == "whole"


_WRITER = """
    import sys, time, pathlib
    sys.path.insert(0, ".")
    from tests.support.records import a_contract, a_place
    from rundown.model.event import StepStarted
    from rundown.record.log import EventLog
    from rundown.record.rundir import RunDirectory

    rundir = RunDirectory.create(a_place(pathlib.Path(sys.argv[1])), now_ns=time.time_ns())
    log = EventLog.create(rundir, a_contract(), time.time_ns)
    print(rundir.run_id, flush=True)
    while True:
        print(log.append(StepStarted(step="1")).seq, flush=True)
"""


def test_what_a_killed_writer_had_said_is_stored(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", textwrap.dedent(_WRITER), str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as writer:
        assert writer.stdout is not None
        run_id = writer.stdout.readline().strip()
        said = [writer.stdout.readline() for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        said += writer.stdout.readlines()
    last = int([line for line in said if line.endswith("\n")][-1])
    with RunDirectory.open(a_place(tmp_path), run_id) as rundir, EventLog.open(rundir, TickingClock()) as log:
        assert log.head.count >= last + 1


def test_an_event_can_hold_names_that_are_not_text(tmp_path: Path) -> None:
    rundir = a_run(tmp_path)
    body = RunStarted(
        run_id="r", runbook_file="b\udcff.md", runbook_digest="d", root="/\ud800", rundown_version="1"
    )
    with EventLog.create(rundir, a_contract(), TickingClock()) as log:
        stored = log.append(body).body
    assert stored == msgspec.structs.replace(body, runbook_file="b\\xff.md", root="/\\ud800")
    assert (
        encode_line(next(read_events(rundir.path / "events.jsonl"))) == rundir.read_file("events.jsonl")[:-1]
    )


def test_runs_of_a_place_are_apart(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    first, second = RunDirectory.create(place, now_ns=START_NS), RunDirectory.create(place, now_ns=START_NS)
    with (
        EventLog.create(first, a_contract(), TickingClock()),
        EventLog.create(second, a_contract(), TickingClock()),
    ):
        assert first.path != second.path
