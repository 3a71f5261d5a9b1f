"""What a run's events say about it, in sum."""

from msgspec.structs import replace

from rundown.model import event as told
from rundown.model.policy import Outcome, Ruling
from rundown.model.request import Capability, Operation
from rundown.model.sandbox import Gap, ProcessResult, StageFailure
from rundown.record.facts import Ask, Change, DecisionCounts, Denial, Reach
from rundown.record.readings import Attempt, RunSummary, attempts, summarise
from rundown.record.times import rfc3339
from tests.support.records import HOST, START_NS

_STARTED = told.RunStarted(
    run_id="r", runbook_file="d.md", runbook_digest="sha256:1", root="/p", rundown_version="1"
)
_EXITED = ProcessResult(ending="exited", status=1, duration_ns=2_000_000)
_GAP = Gap(code="sandbox/no-cgroup", message="memory is not limited")
_DENIED = Ruling(
    operation=Operation(capability=Capability.RUN, resource="rm"), outcome=Outcome.DENY, why="built-in policy"
)


def _events(*bodies: told.Body) -> tuple[told.Event, ...]:
    """One body a second."""
    return tuple(
        told.Event(seq=seq, at=rfc3339(START_NS + seq * 10**9), prev="", body=body)
        for seq, body in enumerate(bodies)
    )


def _decided(outcome: str, request: str = "q", rulings: tuple[Ruling, ...] = ()) -> told.DecisionMade:
    return told.DecisionMade(request=request, position="1", outcome=outcome, rulings=rulings)  # type: ignore[arg-type]


def _launched(request: str, position: str) -> told.LaunchRequested:
    return told.LaunchRequested(request=request, position=position, plan="p", gaps=(_GAP,))


def test_a_run_without_events_is_empty() -> None:
    assert summarise(()) == RunSummary(run=None, status="running", started_at="", last_at="", events=0)


def test_a_run_in_sum() -> None:
    events = _events(
        _STARTED,
        told.HostProbed(facts=HOST, wish="default"),
        told.PolicyFrozen(digest="sha256:9", sources=()),
        told.StepStarted(step="1", title="Build"),
        _decided("ask"),
        told.QuestionAsked(
            request="q",
            position="1",
            resources=("run jq", "run rm"),
            answers=("allow once", "deny once"),
            answered_by="person",
        ),
        _decided("deny", rulings=(_DENIED, _DENIED)),
        told.SecretReleased(position="1", name="TOKEN", form="env"),
        _launched("q", "1"),
        told.EgressAllowed(position="1", host="a.example", port=443),
        told.EgressBlocked(position="1", host="b.example", port=0, reason="no rule"),
        told.EgressAllowed(position="1", host="a.example", port=443),
        told.ProcessEnded(
            request="q", position="1", result=_EXITED, output="output/1.1.log", output_digest="sha256:2"
        ),
        told.FileChanged(position="1", path="/p/b", before="sha256:3", after=None),
        told.FileChanged(position="1", path="/p/a", before=None, after="sha256:4"),
        told.OutputCaptured(position="1", name="x", value="1"),
        told.StepFinished(step="1", result="fail", reported_by="process", note="exit status 1"),
        told.RunPaused(reason="waiting", position="1", detail="a person"),
    )
    assert summarise(events) == RunSummary(
        run=_STARTED,
        status="paused",
        started_at="2026-09-21T14:13:20.000000Z",
        last_at="2026-09-21T14:13:37.000000Z",
        events=18,
        position="1",
        reason="waiting",
        message="a person",
        isolation="default",
        policy_digest="sha256:9",
        attempts=(
            Attempt(
                position="1",
                number=1,
                title="Build",
                started_at="2026-09-21T14:13:23.000000Z",
                result="fail",
                reported_by="process",
                note="exit status 1",
                duration_ns=13 * 10**9,
                decision="deny",
                process=_EXITED,
                output="output/1.1.log",
            ),
        ),
        decisions=DecisionCounts(ask=1, deny=1),
        asks=(
            Ask(position="1", resource="run jq", answer="allow once", answered_by="person"),
            Ask(position="1", resource="run rm", answer="deny once", answered_by="person"),
        ),
        denials=(Denial(position="1", capability="run", resource="rm", why="built-in policy"),),
        gaps=(_GAP,),
        secrets=("TOKEN",),
        network=(
            Reach(host="a.example", port=443, outcome="allow"),
            Reach(host="b.example", port=0, outcome="deny"),
        ),
        changes=(
            Change(path="/p/a", before=None, after="sha256:4"),
            Change(path="/p/b", before="sha256:3", after=None),
        ),
        variables={"x": "1"},
    )


def test_facts_belong_to_the_last_entry_of_their_position() -> None:
    entered = told.StepStarted(step="1", substep="2", iteration=3)
    failure = StageFailure(stage="mount", errno=1, detail="no")
    finished = told.StepFinished(step="1", substep="2", iteration=3, result="fail", reported_by="process")
    events = _events(
        entered,
        told.LaunchFailed(request="q", position="1.3.2", failure=failure),
        finished,
        replace(entered, attempt=2),
        replace(finished, result="pass"),
    )
    first = Attempt(
        position="1.3.2",
        number=1,
        title="",
        started_at=events[0].at,
        result="fail",
        reported_by="process",
        duration_ns=2 * 10**9,
        failure=failure,
    )
    second = replace(first, number=2, started_at=events[3].at, result="pass", duration_ns=10**9, failure=None)
    assert attempts(events) == (first, second)


def test_a_process_whose_end_nobody_saw_is_in_doubt() -> None:
    ended = told.ProcessEnded(request="a", position="1", result=_EXITED, output="", output_digest="")
    failed = told.LaunchFailed(
        request="b", position="2", failure=StageFailure(stage="fork", errno=11, detail="")
    )
    events = _events(_launched("a", "1"), ended, _launched("b", "2"), failed, _launched("c", "3.1"))
    assert summarise(events).in_doubt == ("3.1",)


def test_a_process_that_was_in_doubt_stays_so_when_the_step_is_run_again() -> None:
    ended = told.ProcessEnded(request="a", position="1", result=_EXITED, output="", output_digest="")
    events = _events(_launched("a", "1"), told.RunResumed(), _launched("a", "1"), ended)
    assert summarise(events).in_doubt == ("1",)


def test_where_changes_could_not_be_seen_is_told_once() -> None:
    events = _events(
        told.ChangesUnseen(position="1", path="/p/node_modules", why="too much"),
        told.ChangesUnseen(position="2", path="/p/node_modules", why="too much"),
        told.ChangesUnseen(position="2", path="", why="killed"),
    )
    assert summarise(events).unseen == ("/p/node_modules", "2")


def test_a_file_that_is_as_it_was_has_not_changed() -> None:
    events = _events(
        told.FileChanged(position="1", path="/p/a", before="sha256:1", after="sha256:2"),
        told.FileChanged(position="2", path="/p/a", before="sha256:2", after="sha256:1"),
        told.FileChanged(position="2", path="/p/tmp", before=None, after="sha256:3"),
        told.FileChanged(position="3", path="/p/tmp", before="sha256:3", after=None),
    )
    assert summarise(events).changes == ()


def test_an_end_is_told_with_its_message_and_what_cannot_be_read_is_named() -> None:
    events = _events(
        told.RunPaused(reason="denied", position="1"),
        told.RunResumed(changes=("policy",)),
        told.UnknownBody(type="Later", raw={"type": "Later"}),
        told.RunFinished(status="stopped", message="no"),
    )
    told_of = summarise(events)
    assert (
        told_of.status,
        told_of.reason,
        told_of.message,
        told_of.resumed,
        told_of.unknown,
        told_of.duration_ns,
    ) == (
        "stopped",
        "",
        "no",
        1,
        ("Later",),
        3 * 10**9,
    )
