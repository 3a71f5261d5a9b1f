"""One event, one line."""

import pytest
from msgspec.structs import replace

from rundown.model import event as told
from rundown.model.policy import Grant, Outcome
from rundown.model.request import Capability
from rundown.model.sandbox import Gap, ProcessResult, StageFailure
from rundown.render.event import render_event
from tests.support.policies import decide, rules, run

AT = "2026-01-02T03:04:05.678901Z"


def line(body: told.Body) -> str:
    return render_event(told.Event(seq=7, at=AT, prev="sha256:x", body=body))


RULINGS = decide(rules(), run("deploy-tool"), run("git log"), run("rm x")).rulings
DECISION = told.DecisionMade(request="sha256:r", position="2", outcome="deny", rulings=RULINGS)
GRANT = Grant(capability=Capability.RUN, pattern="deploy-tool *")

LINES: list[tuple[told.Body, str]] = [
    (
        told.RunStarted(
            run_id="r", runbook_file="a.md", runbook_digest="d", root="/p", rundown_version="0.1.0"
        ),
        "RunStarted       a.md in /p (rundown 0.1.0)",
    ),
    (told.StepStarted(step="2", substep="1", iteration=3, title="T"), "StepStarted      2.3.1 T"),
    (told.StepStarted(step="2", title="T", attempt=2), "StepStarted      2 T attempt 2"),
    (DECISION, "DecisionMade     2 deny: run rm"),
    (replace(DECISION, outcome="ask"), "DecisionMade     2 ask: run deploy-tool"),
    (replace(DECISION, outcome="allow"), "DecisionMade     2 allow: run deploy-tool, run git, run rm"),
    (replace(DECISION, rulings=()), "DecisionMade     2 deny: nothing"),
    (
        told.QuestionAsked(
            request="r", position="2", resources=("run a", "run b"), answers=("deny",), answered_by="person"
        ),
        "QuestionAsked    2 run a = deny (by person)",
    ),
    (told.GrantGiven(grant=GRANT, origin="session"), "GrantGiven       run deploy-tool * (session)"),
    (
        told.LaunchRequested(
            request="sha256:" + "0" * 64, position="2", plan="p", gaps=(Gap(code="a/b", message="m"),)
        ),
        "LaunchRequested  2 sha256:000000000000… gaps: a/b",
    ),
    (
        told.LaunchFailed(
            request="r", position="2", failure=StageFailure(stage="mount", errno=1, detail="no")
        ),
        "LaunchFailed     2 at mount: no",
    ),
    (
        told.ProcessEnded(
            request="r",
            position="2",
            result=ProcessResult(ending="exited", status=1, duration_ns=2_000_000),
            output="o",
            output_digest="d",
        ),
        "ProcessEnded     2 exit status 1, 2 ms",
    ),
    (
        told.StepFinished(step="2", result="fail", reported_by="person", note="no"),
        "StepFinished     2 fail (by person): no",
    ),
    (told.RunPaused(reason="denied", position="2"), "RunPaused        at 2: denied"),
    (told.RunFinished(status="stopped", message="m"), "RunFinished      stopped m"),
    (
        told.EgressBlocked(position="2", host="h", port=443, reason="no rule", flag="--allow-net h:443"),
        "EgressBlocked    2 h:443: no rule (--allow-net h:443)",
    ),
    (
        told.EgressAllowed(
            position="2", host="h", port=443, rule="r", address="::1", sent_bytes=3000, count=2
        ),
        "EgressAllowed    2 h:443 at ::1, 2 times, 2.9 KiB out, 0 B in (r)",
    ),
    (
        told.EgressBlocked(position="2", host="h", port=0, reason="not listed"),
        "EgressBlocked    2 looking h up: not listed",
    ),
    (
        told.PolicyFrozen(digest="sha256:d", sources=("a", "b")),
        "PolicyFrozen     digest=sha256:d sources=a,b",
    ),
]


@pytest.mark.parametrize(("body", "text"), LINES, ids=lambda item: type(item).__name__)
def test_an_event_is_one_line(body: told.Body, text: str) -> None:
    assert line(body) == f"    7 03:04:05.678 {text}"


def test_a_fact_of_a_later_version_is_named() -> None:
    assert line(told.UnknownBody(type="MoonRose", raw={"type": "MoonRose"})).split()[2] == "MoonRose"


def test_no_event_breaks_the_line_or_draws_on_the_terminal() -> None:
    shown = line(told.RunFinished(status="stopped", message="a\n\x1b[2Jb\u202e"))
    assert shown.endswith("stopped a\\n\\x1b[2Jb<U+202E>")


def test_denials_are_not_told_as_what_was_asked() -> None:
    assert {item.outcome for item in RULINGS} == {Outcome.ALLOW, Outcome.ASK, Outcome.DENY}
