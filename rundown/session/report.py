"""`make_report`: everything on record about a run, as the views that `rundown.render.report` draws.

Reads the checked log of the run and of those that stood in for its units, their outputs and diffs, and
judges the receipt by keys that the reader names. What cannot be read is said on the page, never left out
silently.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

from msgspec import Struct

from rundown.errors import RecordError
from rundown.model import event as told
from rundown.model.event import Event
from rundown.record.chain import Finding, verify_lines
from rundown.record.events import damaged, read_events
from rundown.record.issue import RECEIPT, file_findings, read_stored_log
from rundown.record.lock import is_active
from rundown.record.readings import RunSummary, seen_from_outside, summarise
from rundown.record.rundir import EVENTS, RunDirectory
from rundown.record.verify import Verdict, Verifier, verify_receipt
from rundown.render.duration import render_duration
from rundown.render.event import describe_change
from rundown.render.receipt import MEANINGS
from rundown.render.report import (
    DecisionRow,
    Fact,
    FileRow,
    Mark,
    ReceiptView,
    Report,
    RunView,
)
from rundown.session.reopening import RUNBOOK_COPY
from rundown.session.report_steps import endpoint, path_below, step_views
from rundown.session.report_time import draw_line
from rundown.session.texts import Texts
from rundown.session.values import BUILTINS, load_values
from rundown.syntax.parse import parse_runbook

_TONES = {"completed": "pass", "stopped": "fail"}
OpenRun = Callable[[str], RunDirectory]


class Reading(Struct, frozen=True, kw_only=True):
    """What a report is made with: how a child's directory is opened, the keys that the reader trusts (None:
    the receipt is not judged), and when it is made, in words."""

    open_run: OpenRun
    keys: tuple[Verifier, ...] | None
    made: str


def make_report(directory: RunDirectory, reading: Reading) -> Report:
    """Returns the views of a run.

    Raises:
        RecordError: the run's log does not hold together.
    """
    log = _checked(directory)
    events, summary = log.events, summarise(log.events)
    root = summary.run.root if summary.run is not None else ""
    views = tuple(_family(directory, log, reading, above="", seen={directory.run_id}))
    return Report(
        runs=views,
        numbers=_numbers(summary, views),
        network=tuple(
            DecisionRow(
                outcome=item.outcome, capability="net", resource=endpoint(item.host, item.port), by=""
            )
            for item in summary.network
        ),
        files=tuple(
            FileRow(kind=describe_change(item.before, item.after), path=path_below(item.path, root))
            for item in summary.changes
        ),
        asks=tuple(
            DecisionRow(
                outcome="deny" if "deny" in item.answer or item.answer in ("no", "") else "allow",
                capability=f"{item.position} ·",
                resource=item.resource,
                by=item.answered_by,
                answer=item.answer,
            )
            for item in summary.asks
        ),
        gaps=tuple(Fact(name=gap.code, text=gap.message) for gap in summary.gaps),
        violations=tuple(
            Fact(name=f"{item.position}  {item.capability} {item.resource}", text=item.action)
            for item in summary.violations
        ),
        unseen=summary.unseen,
        receipt=_receipt(directory, events, reading.keys),
        made=reading.made,
    )


class _Log(Struct, frozen=True, kw_only=True):
    """`was_driven`: a process had the run when the reading began."""

    events: tuple[Event, ...]
    was_driven: bool


def _checked(directory: RunDirectory) -> _Log:
    was_driven, path = is_active(directory), directory.path / EVENTS
    log = read_stored_log(path)
    findings = verify_lines(log.contract, log.lines)
    if findings:
        raise damaged(path, findings)
    return _Log(events=tuple(read_events(path)), was_driven=was_driven)


def _family(
    directory: RunDirectory, log: _Log, reading: Reading, *, above: str, seen: set[str]
) -> Iterator[RunView]:
    """`seen`: the runs that are on the page already. A stranger's may name itself as its own part."""
    yield _run_view(directory, log, above)
    for event in log.events:
        body = event.body
        if isinstance(body, told.ChildStarted) and body.run_id not in seen:
            seen.add(body.run_id)
            with suppress(RecordError), reading.open_run(body.run_id) as below:
                part = above + body.position
                yield from _family(below, _checked(below), reading, above=part, seen=seen)


def _run_view(directory: RunDirectory, log: _Log, above: str) -> RunView:
    events, line = log.events, draw_line(log.events)
    summary = seen_from_outside(summarise(events), was_driven=log.was_driven)
    run = summary.run
    return RunView(
        title=_title(directory, run) or (run.runbook_file if run is not None else "a run that never began"),
        status=Mark(text=_standing(summary), tone=_TONES.get(summary.status, "wait")),
        message=summary.message,
        facts=tuple(_run_facts(summary, events)),
        steps=tuple(step_views(directory, events, run.root if run is not None else "", line)),
        ticks=line.ticks(),
        breaks=line.breaks(),
        above=above,
    )


def _title(directory: RunDirectory, run: told.RunStarted | None) -> str:
    """The title of the runbook as it was when the run began, with the inputs filled in; "" if the copy is
    not there or has none."""
    with suppress(RecordError, ValueError, RecursionError):  # a stranger wrote the inputs
        parsed = parse_runbook(directory.read_file(RUNBOOK_COPY), "runbook.md")
        title = parsed.runbook.title if parsed.runbook is not None else ""
        return Texts(load_values(run.inputs)).shown(title) if run is not None else title
    return ""


def _standing(summary: RunSummary) -> str:
    return summary.status + (f": {summary.reason}" if summary.reason else "")


def _run_facts(summary: RunSummary, events: tuple[Event, ...]) -> Iterator[Fact]:
    run = summary.run
    if run is None:
        return
    yield Fact(name="Started", text=f"{summary.started_at[:19].replace('T', ' ')} UTC")
    yield Fact(name="Took", text=render_duration(summary.duration_ns))
    yield Fact(name="File", text=run.runbook_file, code=True)
    yield Fact(name="Project", text=run.root, code=True)
    yield Fact(name="Run", text=run.run_id, code=True)
    yield Fact(name="Runbook", text=run.runbook_digest, code=True)
    yield Fact(name="Policy", text=summary.policy_digest, code=True)
    host = next((event.body for event in events if isinstance(event.body, told.HostProbed)), None)
    if host is not None:
        yield Fact(name="Host", text=f"Linux {host.facts.kernel}, {host.facts.machine}")
        yield Fact(name="Sandbox", text=_sandbox(summary, host))
    given = {**run.inputs, **dict.fromkeys(run.withheld, "secret, on no record")}
    for name in sorted(given.keys() - BUILTINS):
        yield Fact(name=f"Input {name}", text=given[name], code=True)


def _sandbox(summary: RunSummary, host: told.HostProbed) -> str:
    if summary.isolation == "none":
        return "none: steps were not confined"
    layers = ["namespaces"] if host.facts.user_namespaces or host.facts.namespaces_as_root else []
    layers += [f"Landlock {host.facts.landlock_abi}"] if host.facts.landlock_abi else []
    layers += ["seccomp"] if host.facts.seccomp else []
    return f"{summary.isolation}: {', '.join(layers) or 'nothing that this host could enforce'}"


def _numbers(summary: RunSummary, views: tuple[RunView, ...]) -> tuple[Fact, ...]:
    steps = [step for view in views for step in view.steps]
    passed = sum(step.tone == "pass" for step in steps)
    counts = {
        "steps passed": f"{passed} / {len(steps)}",
        "questions": len(summary.asks),
        "denials": len(summary.denials),
        "files changed": len(summary.changes),
        "hosts reached": len({item.host for item in summary.network if item.outcome == "allow"}),
        "secrets released": len(summary.secrets),
    }
    return tuple(Fact(name=name, text=str(count)) for name, count in counts.items())


def _receipt(
    directory: RunDirectory, events: tuple[Event, ...], keys: tuple[Verifier, ...] | None
) -> ReceiptView | None:
    try:
        stored = directory.read_file(RECEIPT)
    except RecordError:
        return ReceiptView(tone="wait", verdict="There is no receipt: the run goes on, or was killed.")
    verdict = verify_receipt(stored, keys or (), read_stored_log(directory.path / EVENTS))
    findings = (*verdict.findings, *file_findings(directory.path, events))
    if keys is None:
        findings = tuple(item for item in findings if item.code != "record/signature")
    predicate = verdict.statement.predicate if verdict.statement is not None else None
    return ReceiptView(
        tone="fail" if findings else "wait" if keys is None else "pass",
        verdict=_verdict(bool(findings), keys is None),
        checks=_checks(verdict) if not findings else (),
        findings=tuple(Fact(name=item.code, text=f"{item.message}{_where(item)}") for item in findings),
        disclosures=tuple(
            Fact(name=word, text=MEANINGS.get(word.split(" ", 1)[0], "see docs/receipts.md"))
            for word in (predicate.disclosures if predicate is not None else ())
        ),
        facts=(
            Fact(name="Signed by key", text=verdict.signed_by or "no key that was trusted here", code=True),
            Fact(name="Contract", text=predicate.contract, code=True),
            Fact(name=f"Head of {predicate.log.count} events", text=predicate.log.hash, code=True),
            Fact(name="Check it yourself", text="rundown verify receipt.json --key SIGNER.pub", code=True),
        )
        if predicate is not None
        else (),
    )


def _where(item: Finding) -> str:
    return "" if item.seq is None else f" (line {item.seq + 1} of the log)"


def _verdict(is_bad: bool, unjudged: bool) -> str:
    if is_bad:
        return "The receipt does not hold"
    return "The signature was not judged: no key was named" if unjudged else "The receipt holds"


def _checks(verdict: Verdict) -> tuple[str, ...]:
    assert verdict.statement is not None
    count = verdict.statement.predicate.log.count
    signed = ("signed by a key that the maker of this page trusts",) if verdict.signed_by else ()
    return (
        *signed,
        f"the chain of {count} events is whole, from the contract to the head that was signed",
        "every claim was computed again from the events, and is the same",
        "outputs and diffs are as they were written",
    )
