"""The audit: a line a fact, five bars a line, nothing that a terminal or a grep could trip over."""

import pytest
from hypothesis import given

from rundown.model import event as told
from rundown.model.policy import Grant, LayerKind, Outcome, Rule, Ruling
from rundown.model.request import Capability, Operation
from rundown.model.sandbox import Gap, ProcessResult, StageFailure
from rundown.record.audit import audit_lines
from tests.support.records import HOST, known_bodies

_AT = "2026-09-21T14:13:20.000000Z"
_RULE = Rule(capability=Capability.RUN, verdict=Outcome.DENY, pattern="rm", layer=LayerKind.BUILTIN)
_GRANT = Grant(capability=Capability.RUN, pattern="git push *")
_ENDED = ProcessResult(ending="exited", status=0, duration_ns=1_500_000)


def _lines(*bodies: told.Body) -> list[str]:
    events = [told.Event(seq=seq, at=_AT, prev="", body=body) for seq, body in enumerate(bodies)]
    return [line.removeprefix(f"{_AT}|run:r|") for line in audit_lines(events, "r")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (told.HostProbed(facts=HOST, wish="strict"), "host|6.1|probed|wish=strict landlock=4 seccomp=true cgroup=v2 namespaces=true"),
        (told.PolicyFrozen(digest="sha256:1", sources=("a.yaml", "built-in")), 'policy|sha256:1|frozen|sources="a.yaml, built-in"'),
        (told.StepStarted(step="2", substep="1", title="Say hi"), 'step|2.1|started|attempt=1 title="Say hi"'),
        (told.StepFinished(step="2", iteration=3, result="fail", reported_by="process"), "step|2.3|fail|by=process"),
        (told.GrantGiven(grant=_GRANT, origin="prompt"), "grant|allow run git push *|given|scope=session origin=prompt"),
        (told.GrantRevoked(grant=_GRANT, origin="person"), "grant|allow run git push *|revoked|scope=session origin=person"),
        (told.SecretReleased(position="1", name="TOKEN", form="env"), "secret|TOKEN|released|at=1 form=env"),
        (told.LaunchRequested(request="q", position="1", plan="p", gaps=(Gap(code="g", message="m"),)), "process|q|requested|at=1 plan=p gaps=g"),
        (told.LaunchFailed(request="q", position="1", failure=StageFailure(stage="mount", errno=1, detail="no way")), 'process|q|failed|at=1 stage=mount errno=1 detail="no way"'),
        (told.ProcessEnded(request="q", position="1", result=_ENDED, output="output/1.1.log", output_digest="d"), "process|q|exited|at=1 status=0 ms=1 output=output/1.1.log digest=d"),
        (told.EgressAllowed(position="1", host="a.example", port=443), "connection|a.example:443|allow|at=1 sent=0 received=0 ms=0 times=1"),
        (told.EgressBlocked(position="1", host="::1", port=80, reason="no rule"), 'connection|[::1]:80|deny|at=1 reason="no rule" times=1'),
        (told.FileChanged(position="1", path="/p/a", before=None, after="sha256:1"), "file|/p/a|created|at=1 after=sha256:1"),
        (told.FileChanged(position="1", path="/p/a", before="sha256:1", after=None), "file|/p/a|removed|at=1 before=sha256:1"),
        (told.ChangesUnseen(position="1", path="/p/b", why="too much"), 'file|/p/b|unseen|at=1 why="too much"'),
        (told.ViolationSeen(position="1", capability="write", resource="/x", action="quarantined"), "violation|/x|quarantined|at=1 capability=write"),
        (told.AgentReported(position="1", kind="mock", verdict="pass"), "agent|mock|pass|at=1"),
        (told.OutputCaptured(position="1", name="x", value='"1"'), 'variable|x|captured|at=1 value="\\"1\\""'),
        (told.RunPaused(reason="denied", position="1"), "runbook|1|paused|reason=denied"),
        (told.RunResumed(changes=("runbook", "policy")), 'runbook||resumed|changed="runbook, policy"'),
        (told.RunFinished(status="completed"), "runbook||completed|"),
        (told.SourceEnded(step="1", length=3), 'event|SourceEnded|recorded|fields="{\\"length\\":3,\\"step\\":\\"1\\"}"'),
        (told.UnknownBody(type="Later", raw={"type": "Later"}), 'event|Later|recorded|fields="{\\"type\\":\\"Later\\"}"'),
    ],
)  # fmt: skip
def test_each_fact_has_its_line(body: told.Body, expected: str) -> None:
    assert _lines(body) == [expected]


def test_a_decision_and_a_question_have_a_line_for_each_resource() -> None:
    rulings = (
        Ruling(
            operation=Operation(capability=Capability.RUN, resource="rm", resolved="/bin/rm"),
            outcome=Outcome.DENY,
            rule=_RULE,
        ),
        Ruling(
            operation=Operation(capability=Capability.WRITE, resource="dist/a"),
            outcome=Outcome.ASK,
            mode="prompted",
        ),
    )
    decision = told.DecisionMade(request="q", position="1", outcome="deny", rulings=rulings)
    question = told.QuestionAsked(
        request="q",
        position="1",
        resources=("run jq", "env X"),
        answers=("allow once", "deny once"),
        answered_by="person",
    )
    assert _lines(decision, question) == [
        "run|rm|deny|at=1 by=builtin pattern=rm resolved=/bin/rm request=q",
        "write|dist/a|ask|at=1 by=mode pattern=prompted request=q",
        "ask|run jq|allow once|at=1 by=person",
        "ask|env X|deny once|at=1 by=person",
    ]


def test_the_run_is_named_by_its_first_event() -> None:
    started = told.RunStarted(
        run_id="abc", runbook_file="a.md", runbook_digest="d", root="/p", rundown_version="1"
    )
    events = [
        told.Event(seq=0, at=_AT, prev="", body=body)
        for body in (started, told.RunFinished(status="completed"))
    ]
    assert list(audit_lines(events)) == [
        f"{_AT}|run:abc|runbook|a.md|started|digest=d root=/p rundown=1",
        f"{_AT}|run:abc|runbook||completed|",
    ]


def test_text_from_outside_cannot_break_a_line() -> None:
    assert _lines(told.StepStarted(step="1", title="a|b\n\x1b[2J\u202e")) == [
        'step|1|started|attempt=1 title="a\\x7cb\\x0a\\x1b[2J\\u202e"'
    ]


@given(known_bodies())
def test_every_line_has_five_bars_and_is_printable(body: told.Body) -> None:
    for line in audit_lines([told.Event(seq=0, at=_AT, prev="", body=body)]):
        assert (line.count("|"), line.isprintable()) == (5, True)
