"""A refusal says what, where in the runbook, why, and the very flag that lifts it."""

import pytest
from msgspec.structs import replace

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.event import DecisionMade, StepFinished
from rundown.model.policy import Denied, Fix, LayerKind, NeedsPrompt, Outcome, Rule, Ruling
from rundown.model.request import ExecutionRequest, Operation
from rundown.render.refusal import FLAGS, RefusalReader, refusal_diagnostics
from tests.support.policies import decide, request, rules, run, write

RESUME = "rundown resume 0f3a"
TEXT = "echo grüße\n# größte Löschung\n  echo 'ü'; rm -rf build/\n"


def at(operation: Operation, part: str, text: str = TEXT) -> Operation:
    start = len(text[: text.index(part)].encode())
    return replace(operation, span=(start, start + len(part.encode())))


def denied(operation: Operation, **changes: object) -> Ruling:
    base: dict[str, object] = {"operation": operation, "outcome": Outcome.DENY, "why": "no rule names it"}
    return Ruling(**(base | changes))  # type: ignore[arg-type]


def frozen(*operations: Operation, text: str = TEXT, line: int = 41) -> ExecutionRequest:
    span = Span(file="deploy.runbook.md", line=line, excerpt="```bash")
    return replace(request(*operations, text=text), span=span, position="2.1")


def told(operation: Operation, resume: str = RESUME, **changes: object) -> Diagnostic:
    (item,) = refusal_diagnostics(frozen(operation), (denied(operation, **changes),), resume)
    return item


def test_a_refusal_has_all_four_parts() -> None:
    operation = at(run("rm -rf build/"), "rm -rf build/")
    fix = Fix(flag="--allow-run rm", yaml="default: {run: {allow: [rm]}}")
    assert told(operation, fix=fix) == Diagnostic(
        code="policy/denied",
        message="step 2.1 may not run `rm`",
        span=Span(
            file="deploy.runbook.md", line=44, column=13, length=13, excerpt="  echo 'ü'; rm -rf build/"
        ),
        why="no rule names it",
        fix="rundown resume 0f3a --allow-run rm      (or in .rundownrc.yaml: default: {run: {allow: [rm]}})",
    )


@pytest.mark.parametrize(
    ("part", "line", "column", "length"),
    [("echo grüße", 42, 1, 10), ("grüße", 42, 6, 5), ("'ü'", 44, 8, 3), ("größte Löschung", 43, 3, 15)],
)
def test_places_are_counted_in_characters_below_the_fence(
    part: str, line: int, column: int, length: int
) -> None:
    span = told(at(run("rm"), part)).span
    assert span is not None
    assert (span.line, span.column, span.length) == (line, column, length)


def test_what_spans_lines_is_placed_where_it_begins() -> None:
    text = "cat <<X |\nfoo\nX\nrm\n"
    operation = at(run("rm"), "cat <<X |\nfoo", text)
    (item,) = refusal_diagnostics(frozen(operation, text=text), (denied(operation),), RESUME)
    assert item.span == Span(file="deploy.runbook.md", line=42, column=1, length=13, excerpt="cat <<X |")


@pytest.mark.parametrize("span", [(0, 0), (500, 600)])
def test_what_is_not_in_the_text_is_placed_in_the_block(span: tuple[int, int]) -> None:
    found = told(replace(run("rm"), span=span)).span
    assert found is not None
    assert found.line in (41, 45)


def test_an_agents_script_is_not_the_runbooks_text() -> None:
    operation = at(run("rm"), "rm -rf")
    wanted = replace(frozen(operation), kind="agent")
    (item,) = refusal_diagnostics(wanted, (denied(operation),), RESUME)
    assert item.span == wanted.span


def test_a_typed_command_is_no_step_and_gets_its_flag_before_the_words() -> None:
    operation = run("curl x")
    span = Span(file="<command line>", line=1, excerpt="sh -c 'curl x'")
    wanted = replace(request(operation, text=""), kind="argv", span=span, position="exec")
    ruling = denied(operation, fix=Fix(flag="--allow-run curl", yaml=""))
    command = f"rundown exec {FLAGS} -- sh -c 'curl x'"
    assert refusal_diagnostics(wanted, (ruling,), command) == (
        Diagnostic(
            code="policy/denied",
            message="the command may not run `curl`",
            span=span,
            why="no rule names it",
            fix="rundown exec --allow-run curl -- sh -c 'curl x'",
        ),
    )


@pytest.mark.parametrize(
    ("fix", "text"),
    [
        (None, ""),
        (Fix(flag="", yaml=""), ""),
        (Fix(flag="--yes=all", yaml=""), "rundown resume 0f3a --yes=all"),
        (Fix(flag="", yaml="host: [pid]"), "in .rundownrc.yaml: host: [pid]"),
    ],
)
def test_a_mend_says_what_there_is(fix: Fix | None, text: str) -> None:
    assert told(run("rm"), fix=fix).fix == text


def test_without_a_reason_the_rule_is_told() -> None:
    rule = Rule(
        capability=run("rm").capability,
        verdict=Outcome.DENY,
        pattern="rm",
        reason="use trash",
        layer=LayerKind.PROJECT,
        span=Span(file=".rundownrc.yaml", line=7, column=3),
    )
    assert (
        told(run("rm"), why="", rule=rule).why == 'deny "rm", project policy, .rundownrc.yaml:7:3: use trash'
    )


@pytest.mark.parametrize(
    ("why", "message"),
    [
        ("no rule names it", "step 2.1 may not run `rm` (started by xargs)"),
        ("no rule names it (started by xargs)", "step 2.1 may not run `rm`"),
    ],
)
def test_a_note_is_said_once(why: str, message: str) -> None:
    assert told(run("rm", note="started by xargs"), why=why).message == message


# --- following a run --------------------------------------------------------------------------------


def decision(*operations: Operation) -> tuple[DecisionMade, DecisionMade]:
    """The two facts of a request that is asked about where nobody answers, or denied."""
    found = decide(rules(), *operations)
    assert isinstance(found, Denied | NeedsPrompt)
    wanted = found.request
    first = DecisionMade(
        request=wanted.digest, position="1", outcome="ask", rulings=found.rulings, frozen=wanted
    )
    refused = tuple(replace(item, outcome=Outcome.DENY) for item in found.rulings)
    return first, replace(first, outcome="deny", rulings=refused, frozen=None)


def read(*facts: object) -> RefusalReader:
    reader = RefusalReader()
    for fact in facts:
        reader.read(fact)  # type: ignore[arg-type]
    return reader


def test_the_last_refusal_is_told_from_the_request_that_was_frozen_first() -> None:
    found = read(*decision(run("deploy-tool"))).diagnostics(RESUME)
    assert [(item.message, item.fix.partition("  ")[0]) for item in found] == [
        ("step 1 may not run `deploy-tool`", f"{RESUME} --allow-run deploy-tool")
    ]


def test_several_denials_have_one_mend() -> None:
    reader = read(*decision(run("deploy-tool"), write("/srv/out"), run("deploy-tool x")))
    assert reader.mend(RESUME) == f"{RESUME} --allow-run deploy-tool --allow-write /srv/out"


def test_a_single_denial_needs_no_second_mend() -> None:
    assert read(*decision(run("deploy-tool"))).mend(RESUME) == ""


def test_a_refusal_that_the_runbook_took_as_a_failure_is_not_told_again() -> None:
    finished = StepFinished(step="1", result="fail", reported_by="policy")
    reader = read(*decision(run("deploy-tool"), write("/srv/out")), finished)
    assert (reader.diagnostics(RESUME), reader.mend(RESUME)) == ((), "")


def test_an_allowed_request_is_no_refusal() -> None:
    first, _ = decision(run("deploy-tool"))
    assert read(first, replace(first, outcome="allow", frozen=None)).diagnostics(RESUME) == ()


def test_before_any_decision_there_is_nothing_to_tell() -> None:
    assert read().diagnostics(RESUME) == ()


def test_the_place_shown_is_what_the_author_wrote_not_what_runs() -> None:
    text = 'echo "${__rd_0}" | curl "x${__rd_1}" "${__rd_2}"\n'
    operation = at(run("curl"), 'curl "x${__rd_1}" "${__rd_2}"', text)
    references = (
        ('"${__rd_0}"', "{{ a }}"),
        ("${__rd_1}", "{{ b }}"),
        ('"${__rd_2}"', "{{c}}"),
    )
    asked = replace(frozen(operation, text=text), references=references)
    (found,) = refusal_diagnostics(asked, (denied(operation),), RESUME)
    assert found.span == Span(
        file="deploy.runbook.md",
        line=42,
        column=16,
        length=21,
        excerpt='echo {{ a }} | curl "x{{ b }}" {{c}}',
    )
