"""A run is read as cases: what reports say of each step, however the run ended."""

from msgspec.structs import replace

from rundown.model.event import (
    Body,
    DecisionMade,
    ProcessEnded,
    RunFinished,
    RunPaused,
    RunStarted,
    StepFinished,
    StepStarted,
)
from rundown.model.sandbox import ProcessResult
from rundown.render.cases import Printed, ReportReader
from rundown.render.remarks import run_remarks
from rundown.syntax.parse import parse_runbook
from tests.support.policies import decide, rules, run

BOOK = (
    b"# T\n\n## 1. One\n\n```sh\ntrue\n```\n\n## 2. Two\n\n```sh\nrm x\n```\n\n## Clean\n\n```sh\ntrue\n```\n"
)
STARTED = RunStarted(
    run_id="r", runbook_file="a.md", runbook_path="/p/a.md", runbook_digest="", root="/p", rundown_version="1"
)
ONE, TWO = StepStarted(step="1", title="One"), StepStarted(step="2", title="Two")
PASSED = StepFinished(step="1", result="pass", reported_by="process")
FAILED = replace(PASSED, step="2", result="fail")
AT = "2026-01-01T00:00:00.000000Z"


def ended(status: int) -> ProcessEnded:
    result = ProcessResult(ending="exited", status=status, duration_ns=5)
    return ProcessEnded(request="r", position="2", result=result, output="o", output_digest="d")


def read(*bodies: Body) -> ReportReader:
    parsed = parse_runbook(BOOK, "a.md")
    assert parsed.runbook is not None
    reader = ReportReader(parsed.runbook, "rundown resume 1")
    for body in bodies:
        reader.read(AT, body)
    return reader


def cases(reader: ReportReader) -> list[tuple[str, str, str, int]]:
    return [
        (case.position, case.verdict, case.detail, case.attempts) for case in reader.report.cases.values()
    ]


def test_each_step_is_a_case_and_what_was_not_reached_is_known() -> None:
    reader = read(STARTED, ONE, PASSED, TWO, ended(2), FAILED, RunFinished(status="stopped"))
    assert cases(reader) == [("1", "pass", "", 1), ("2", "fail", "exit status 2", 1)]
    assert (reader.unreached, reader.report.status) == ((("Clean", None, "Clean"),), "stopped")


def test_attempts_are_one_case_and_the_last_one_counts() -> None:
    again = replace(TWO, attempt=2)
    passed = replace(FAILED, result="pass")
    reader = read(STARTED, TWO, ended(2), FAILED, again, ended(0), passed)
    assert cases(reader) == [("2", "pass", "exit status 0", 2)]
    assert reader.report.cases["2"].duration_ns == 10


def test_a_denial_keeps_what_was_denied_with_its_place() -> None:
    decision = decide(rules(), run("curl", span=(0, 4)))
    denied = DecisionMade(
        request="r", position="2", outcome="deny", rulings=decision.rulings, frozen=decision.request
    )
    reader = read(STARTED, TWO, denied, RunPaused(reason="denied", position="2", detail="run curl"))
    (case,) = reader.report.cases.values()
    assert (case.verdict, [item.code for item in case.problems]) == ("denied", ["policy/denied"])


def test_a_failure_that_the_runbook_went_on_from_is_a_warning_at_the_steps_line() -> None:
    stopped = read(STARTED, TWO, ended(2), FAILED, RunFinished(status="stopped"))
    completed = read(STARTED, TWO, ended(2), FAILED, RunFinished(status="completed"))
    found = [*run_remarks([stopped.report]), *run_remarks([completed.report])]
    assert [(item.severity, item.span and (item.span.file, item.span.line), item.why) for item in found] == [
        ("error", ("/p/a.md", 9), "exit status 2"),
        ("warning", ("/p/a.md", 9), "exit status 2"),
    ]


def test_of_much_output_the_beginning_and_the_end_are_kept() -> None:
    printed = Printed()
    for _ in range(64):
        printed.add(b"x" * 10_000)
    printed.add(b"the end")
    content = printed.content()
    assert content.endswith(b"the end") and b"508935 bytes left out" in content
    assert len(content) < 140_000
