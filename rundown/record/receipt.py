"""`make_statement`: what a receipt says about a run, computed from its contract and its events alone. Pure.

So whoever has the log can compute it again: `rundown.record.verify` does.
"""

from collections.abc import Iterable
from pathlib import PurePosixPath

import msgspec

from rundown.model.contract import Contract
from rundown.model.event import Event, HostProbed, RunStarted
from rundown.model.receipt import LogHead, Predicate, Runner, Statement, Subject
from rundown.model.sandbox import HostFacts
from rundown.record.chain import Head, first_prev
from rundown.record.readings import Attempt, RunSummary, summarise

_CLASSES = {
    "denied": "denied",
    "violation": "denied",
    "sandbox": "no-sandbox",
    "waiting": "person-needed",
    "in-doubt": "person-needed",
    "secret": "person-needed",
    "expired": "expired",
    "interrupted": "interrupted",
}


def make_statement(contract: bytes, events: Iterable[Event], head: Head) -> Statement:
    """Returns the statement about a run up to `head`. `contract` is the stored canonical form.

    Raises:
        msgspec.DecodeError: the contract is damaged.
    """
    terms = msgspec.json.decode(contract, type=Contract)
    told = tuple(events)
    summary = summarise(told)
    host = next((event.body for event in reversed(told) if isinstance(event.body, HostProbed)), None)
    predicate = Predicate(
        run_id=terms.run_id,
        parent_run=terms.parent_run,
        contract=first_prev(contract),
        policy=summary.policy_digest or terms.policy_digest,
        runner=_runner(terms, host.facts if host else terms.host, summary),
        started_at=summary.started_at,
        ended_at=summary.last_at,
        status=summary.status,
        exit_class=exit_class(summary),
        message=summary.message,
        log=LogHead(count=head.count, hash=head.hash),
        steps=tuple(_step(attempt) for attempt in summary.attempts),
        decisions=_plain(summary.decisions),
        asks=_all_plain(summary.asks),
        denials=_all_plain(summary.denials),
        gaps=_all_plain(summary.gaps),
        secrets=summary.secrets,
        network=_all_plain(summary.network),
        agents=summary.agents,
        changes=_all_plain(summary.changes),
        violations=_all_plain(summary.violations),
        disclosures=disclosures(terms, summary),
    )
    return Statement(subject=_subjects(terms, summary), predicate=predicate)


def exit_class(summary: RunSummary) -> str:
    """Returns the word for how a run came to rest."""
    match summary.status:
        case "completed":
            return "complete"
        case "stopped":
            return "failed"
        case "paused":
            return _CLASSES.get(summary.reason, "person-needed")
        case _:
            return "died"


def disclosures(terms: Contract, summary: RunSummary) -> tuple[str, ...]:
    """Returns what a reader must know to judge the receipt, as stable words; docs/events.md explains them."""
    found = ["software-key"]
    if "none" in (terms.isolation, summary.isolation):
        found.append("not-confined")
    if terms.prompted:
        found.append("results-reported-by-person")
    if summary.gaps:
        found.append("gaps")
    if summary.resumed:
        found.append("resumed")
    found += [f"in-doubt {position}" for position in summary.in_doubt]
    found += [f"changes-unseen {place}" for place in summary.unseen]
    found += [f"unknown-event {kind}" for kind in summary.unknown]
    return tuple(found)


def _runner(terms: Contract, host: HostFacts, summary: RunSummary) -> Runner:
    return Runner(
        rundown=terms.rundown_version,
        kernel=host.kernel,
        machine=host.machine,
        uid=host.uid,
        isolation=summary.isolation or terms.isolation,
        landlock_abi=host.landlock_abi,
        seccomp=host.seccomp,
        namespaces=host.user_namespaces or host.namespaces_as_root,
        cgroup=host.cgroup,
    )


def _step(attempt: Attempt) -> dict[str, object]:
    return {
        "position": attempt.position,
        "attempt": attempt.number,
        "title": attempt.title,
        "result": attempt.result,
        "reported_by": attempt.reported_by,
    }


def _plain(value: object) -> dict[str, int]:
    return msgspec.convert(msgspec.to_builtins(value), type=dict[str, int])


def _all_plain(values: Iterable[object]) -> tuple[dict[str, object], ...]:
    return msgspec.convert(msgspec.to_builtins(list(values)), type=tuple[dict[str, object], ...])


def _subjects(terms: Contract, summary: RunSummary) -> tuple[Subject, ...]:
    started = summary.run if isinstance(summary.run, RunStarted) else None
    runbook = started.runbook_digest if started else terms.runbook_digest
    produced = (
        Subject(name=_name(change.path, terms.root), digest=_digest_set(change.after))
        for change in summary.changes
        if change.after is not None and change.after.startswith("sha256:")
    )
    return (Subject(name=terms.runbook_file, digest=_digest_set(runbook)), *produced)


def _digest_set(digest: str) -> dict[str, str]:
    algorithm, _, value = digest.partition(":")
    return {algorithm: value}


def _name(path: str, root: str) -> str:
    pure = PurePosixPath(path)
    return str(pure.relative_to(root)) if pure.is_relative_to(root) else path
