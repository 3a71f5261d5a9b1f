"""What durability costs, how fast logs are read, how fast output is redacted.

Run: python -m benchmarks.record [DIR]   (DIR: where to write; the disk matters)
"""

import os
import random
import resource
import string
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from rundown.engine.course import chart
from rundown.model.event import (
    Body,
    EgressAllowed,
    Event,
    FileChanged,
    LaunchRequested,
    ProcessEnded,
    RunStarted,
    StepFinished,
    StepStarted,
)
from rundown.model.sandbox import ProcessResult
from rundown.record.chain import contract_bytes, encode_line, first_prev, line_hash, verify_lines
from rundown.record.events import StoredEvents, read_events, read_lines
from rundown.record.log import EventLog
from rundown.record.place import RunsPlace
from rundown.record.readings import summarise
from rundown.record.rundir import RunDirectory
from rundown.redact.redactor import Redactor
from rundown.session.replay import replay
from rundown.syntax.parse import parse_runbook
from tests.support.records import a_contract

_APPENDS = 1000
_EVENTS = 20_000
_LINES = 60_000
_FOLDED = 1_000_000


def append_cost(folder: Path) -> None:
    """Prints the time of an append, and of writing and syncing as many bytes without any care (medians)."""
    place = RunsPlace(root=folder, state_home=folder)
    rundir = RunDirectory.create(place, now_ns=time.time_ns())
    ours, bare = [], []
    with (
        EventLog.create(rundir, a_contract(rundir.run_id), time.time_ns) as log,
        open(folder / "bare", "wb", buffering=0) as stream,
    ):
        log.append(StepStarted(step="0", title="a title of usual length"))
        line = next(read_lines(rundir.path / "events.jsonl")) + b"\n"
        for step in range(_APPENDS):
            start = time.perf_counter()
            log.append(StepStarted(step=str(step), title="a title of usual length"))
            middle = time.perf_counter()
            stream.write(line)
            os.fdatasync(stream.fileno())
            ours.append(middle - start)
            bare.append(time.perf_counter() - middle)
    ratio = median(ours) / median(bare)
    print(f"append        {median(ours) * 1e6:8.0f} µs   bare {median(bare) * 1e6:.0f} µs   x{ratio:.2f}")


def reading_rates(folder: Path) -> None:
    """Prints how many events a second are verified, decoded, and folded into a summary."""
    contract = contract_bytes(a_contract())
    path, prev = folder / "events.jsonl", first_prev(contract)
    with open(path, "wb") as stream:
        for seq in range(_EVENTS):
            body = StepStarted(step=str(seq), title="a title of usual length")
            line = encode_line(Event(seq=seq, at="2026-09-21T14:13:20.000000Z", prev=prev, body=body))
            stream.write(line + b"\n")
            prev = line_hash(line)
    for name, act in (
        ("verify", lambda: verify_lines(contract, read_lines(path))),
        ("decode", lambda: sum(1 for _ in read_events(path))),
        ("summarise", lambda: summarise(read_events(path))),
    ):
        start = time.perf_counter()
        act()
        print(f"{name:<12}  {_EVENTS / (time.perf_counter() - start):8.0f} events/s")


def folding(folder: Path) -> None:
    """Prints how long a million events are folded into the state of their run, and what memory that adds."""
    parsed = parse_runbook(b"# Round\n\n## 1. Again\n- PASS GOTO 1\n\n```sh\ntrue\n```\n", "round.md")
    assert parsed.runbook is not None
    result = ProcessResult(ending="exited", status=0, duration_ns=1)
    begin = RunStarted(run_id="r", runbook_file="round.md", runbook_digest="d", root="/", rundown_version="1")
    once: tuple[Body, ...] = (
        StepStarted(step="1", title="Again"),
        LaunchRequested(request="sha256:r", position="1", plan="sha256:p"),
        *(FileChanged(position="1", path=f"/p/f{at}", before=None, after="sha256:a") for at in range(98)),
        *(EgressAllowed(position="1", host="a.example", port=443) for _ in range(98)),
        ProcessEnded(request="sha256:r", position="1", result=result, output="o", output_digest="d"),
        StepFinished(step="1", result="pass", reported_by="process"),
    )
    path = folder / "million.jsonl"
    lines = [encode_line(Event(seq=0, at="", prev="", body=body)) + b"\n" for body in once]
    with open(path, "wb") as stream:
        stream.write(encode_line(Event(seq=0, at="", prev="", body=begin)) + b"\n")
        for _ in range(_FOLDED // len(lines)):
            stream.writelines(lines)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    replayed = replay(chart(parsed.runbook), StoredEvents(path))
    took = time.perf_counter() - start
    assert replayed is not None and replayed.state.step == "1"
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"fold          {took:8.1f} s    for {_FOLDED} events, {more:.0f} MiB more than before")


def redaction_rate() -> None:
    """Prints how fast plain output passes with 30 secrets looked for, whole and line by line."""
    chance = random.Random(1)
    letters = string.ascii_letters + string.digits + "+/=-_"
    values = {f"N{at}_KEY": "".join(chance.choices(letters, k=12 + at)) for at in range(30)}
    lines = [
        b"2026-11-21T10:00:00 INFO worker-%d handled request %d in %d ms\n" % (at % 7, at, at % 100)
        for at in range(_LINES)
    ]
    start = time.perf_counter()
    redactor = Redactor(values)
    print(f"redactor made {(time.perf_counter() - start) * 1e3:8.0f} ms   for {len(values)} secrets")
    for name, pieces in (("whole", [b"".join(lines)]), ("by line", lines)):
        stream = redactor.stream()
        start = time.perf_counter()
        for piece in pieces:
            stream.feed(piece)
        stream.flush()
        print(f"redact {name:<7} {(time.perf_counter() - start) * 1e3:6.0f} ms   for {_LINES} lines")


def main() -> None:
    """Runs all."""
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        append_cost(Path(name))
        reading_rates(Path(name))
        folding(Path(name))
    redaction_rate()


if __name__ == "__main__":
    main()
