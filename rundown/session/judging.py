"""What the end of a process says of its unit: a command by its status, an agent by its own word too."""

from collections.abc import Iterator

from msgspec.structs import replace

from rundown.agents.launch import AgentLaunch, plan_agent
from rundown.agents.verdict import Verdict, read_verdict
from rundown.model.event import AgentReported, Body, StepFinished
from rundown.model.runbook import AgentBody
from rundown.model.sandbox import ProcessResult
from rundown.session.tools import Attempt, Tools


def judge(tools: Tools, attempt: Attempt, result: ProcessResult, said: bytes) -> Iterator[Body]:
    """Yields the unit's result. `said` is the end of what a script printed, or an agent said (redacted)."""
    body = attempt.unit.body
    passed = result.ending == "exited" and result.status == 0 and not result.reason
    if not isinstance(body, AgentBody):
        yield finished(attempt, passed, "process")
        return
    launch = plan_agent(body, tools.shop.agent, tools.shop.own)
    kind = launch.kind if isinstance(launch, AgentLaunch) else "unknown"
    verdict = read_verdict(said)
    if verdict is None and passed and kind not in ("command", "mock") and tools.prompter.can_ask():
        report = tools.prompter.report(f"{attempt.position}: {kind} gave no RESULT line. Did it pass?")
        verdict = Verdict(result="pass" if report.kind == "pass" else "fail", detail=report.note)
    claims = verdict.result == "pass" if verdict is not None else passed and kind == "command"
    detail = (
        verdict.detail
        if verdict is not None
        else ("" if claims else result.reason or "the agent gave no RESULT line")
    )
    won = passed and claims
    if not won and result.reason:
        detail = result.reason
    yield AgentReported(
        position=attempt.position, kind=kind, verdict="pass" if won else "fail", detail=detail
    )
    yield replace(finished(attempt, won, "agent"), note=detail)


def finished(attempt: Attempt, passed: bool, by: str) -> StepFinished:
    """Returns the end of this attempt; `by` is who says so."""
    return StepFinished(
        step=attempt.step,
        substep=attempt.substep,
        iteration=attempt.iteration,
        result="pass" if passed else "fail",
        reported_by=by,
    )
