"""Plain runs: effect out, fact in; sequence, actions, retries, named steps, jumps, ends."""

import pytest

from rundown.engine.effects import Enter, Execute, Finish, LaunchChild, Wait
from rundown.engine.errors import EngineError
from rundown.engine.machine import apply, initial, next_effect, transitions_of
from rundown.engine.transition import TransitionTaken
from rundown.model.event import (
    EndForced,
    Jumped,
    LaunchRequested,
    OutputCaptured,
    ProcessEnded,
    RunFinished,
    RunPaused,
    RunResumed,
    StepFinished,
    StepStarted,
)
from rundown.model.runbook import Complete, Continue, Outcome, Stop
from rundown.model.sandbox import ProcessResult
from tests.support.books import DISPLAY, book, child, goto, handlers, retry, step, sub
from tests.support.play import PROMPTED, STARTED, Play, play, replay

TWO_STEPS = book(step("1"), step("2"))
PASSED = StepFinished(step="1", result="pass", reported_by="process")
FAILED = StepFinished(step="1", result="fail", reported_by="process")


def test_a_run_asks_for_each_thing_in_turn():
    state = initial(TWO_STEPS)
    script = [
        (STARTED, Enter(step="1", title="Step 1")),
        (StepStarted(step="1", title="Step 1"), Execute(step="1")),
        (PASSED, Enter(step="2", title="Step 2")),
        (StepStarted(step="2", title="Step 2"), Execute(step="2")),
        (StepFinished(step="2", result="pass", reported_by="process"), Finish(status="completed")),
        (RunFinished(status="completed"), None),
    ]
    asked = []
    for body, _ in script:
        state = apply(TWO_STEPS, state, body)
        asked.append(next_effect(TWO_STEPS, state))
    assert asked == [effect for _, effect in script]
    assert (state.lifecycle, state.phase) == ("completed", "end")


def test_what_a_unit_holds_decides_who_reports():
    course = book(
        step("1"),
        step("2", body=None),
        step("3", body=DISPLAY),
        step("4", sub("1", body=child("a.runbook.md"))),
    )
    run = Play(course)
    asked = []
    for _ in course.runbook.steps:
        run._settle()
        asked.append(next_effect(course, run.state))
        run._say("pass")
    assert asked == [
        Execute(step="1"),
        Wait(step="2", why="prose"),
        Wait(step="3", why="display"),
        LaunchChild(step="4", substep="1", reference="a.runbook.md"),
    ]


def test_a_prompted_run_waits_at_commands_and_still_launches_children():
    course = book(step("1"), step("2", sub("1", body=child("a.runbook.md"))))
    run = Play(course, started=PROMPTED)
    assert run.run([])[-1] == "waits at 1 (prompted)"
    assert run.run(["pass"])[-1] == "launches a.runbook.md at 2.1"


def test_a_failure_stops_and_the_message_is_kept():
    course = book(step("1", transitions=handlers(Continue(), Stop("too bad"))), step("2"))
    assert play(course, "fail") == ["1 fail STOP 1", "stopped: too bad"]


def test_complete_ends_well_before_the_last_step():
    course = book(step("1", transitions=handlers(Complete("early"))), step("2"))
    assert play(course, "pass") == ["1 pass COMPLETE 1", "completed: early"]


def test_continue_never_falls_into_a_named_step():
    course = book(step("1"), step("Fix"), step("2"), step("Clean"))
    assert play(course, "pass pass") == ["1 pass CONTINUE 2", "2 pass CONTINUE 2", "completed"]


def test_continue_from_a_named_step_finds_the_next_numeric_one():
    course = book(step("1", transitions=handlers(goto("Fix"))), step("Fix"), step("Other"), step("2"))
    assert play(course, "pass pass pass") == [
        "1 pass GOTO Fix",
        "Fix pass CONTINUE 2",
        "2 pass CONTINUE 2",
        "completed",
    ]


def test_a_run_starts_at_the_first_step_even_if_it_is_named():
    assert play(book(step("Setup"), step("1")), "pass") == ["Setup pass CONTINUE 1", "runs 1"]


def test_retry_enters_again_at_most_n_times_and_then_falls_back():
    course = book(step("1", transitions=handlers(on_fail=retry(2, goto("2")))), step("2"))
    run = Play(course)
    assert run.run(["fail", "fail", "fail"]) == [
        "1 fail RETRY 1",
        "1 fail RETRY 1",
        "1 fail GOTO 2",
        "runs 2",
    ]
    assert run.entered == ["1", "1 (2)", "1 (3)", "2"]


def test_pass_and_fail_share_one_retry_counter():
    both = handlers(retry(1, Continue()), retry(1, Stop()))
    assert play(book(step("1", transitions=both)), "pass fail") == [
        "1 pass RETRY 1",
        "1 fail STOP 1",
        "stopped",
    ]


def test_the_retry_counter_is_cleared_when_the_cursor_leaves():
    again = handlers(goto("2"), retry(1, Stop()))
    course = book(step("1", transitions=again), step("2", transitions=handlers(goto("1"))))
    assert play(course, "fail pass pass fail") == [
        "1 fail RETRY 1",
        "1 pass GOTO 2",
        "2 pass GOTO 1",
        "1 fail RETRY 1",
        "runs 1",
    ]


def test_a_jump_onto_itself_clears_the_retry_counter():
    course = book(step("1", transitions=handlers(on_fail=retry(1, goto("1")))))
    assert play(course, "fail fail fail") == ["1 fail RETRY 1", "1 fail GOTO 1", "1 fail RETRY 1", "runs 1"]


def test_ten_thousand_jumps_of_a_unit_onto_itself_are_enough():
    course = book(step("1", transitions=handlers(on_fail=goto("1"))))
    run = Play(course)
    assert run.run(["fail"] * 10_001)[-1] == "stopped [engine/self-goto-limit]"
    assert run.lines.count("1 fail GOTO 1") == 10_001


def test_ten_thousand_jumps_of_a_step_onto_itself_are_enough():
    each = handlers(Continue(), Continue())
    course = book(step("1", sub("1", each), sub("2", each), transitions=handlers(goto("1"))))
    assert Play(course).run(["pass"] * 20_002)[-1] == "stopped [engine/self-goto-limit]"


def test_jumps_onto_itself_count_only_in_a_row():
    course = book(
        step("1", transitions=handlers(goto("2"), goto("1"))),
        step("2", transitions=handlers(goto("1"))),
    )
    script = ["fail"] * 10_000 + ["pass", "pass"] + ["fail"] * 10_000
    assert Play(course).run(script)[-1] == "runs 1"


def test_jumps_of_a_step_and_of_its_unit_are_counted_apart():
    unit = handlers(Continue(), goto("1.1"))
    course = book(step("1", sub("1", unit), transitions=handlers(goto("1"))))
    assert Play(course).run(["fail"] * 6_000 + ["pass"] + ["fail"] * 6_000)[-1] == "runs 1.1"


def test_a_person_s_jump_interrupts_the_row():
    course = book(step("1", transitions=handlers(on_fail=goto("1"))))
    script = ["fail"] * 6_000 + ["goto:1"] + ["fail"] * 6_000
    assert Play(course).run(script)[-1] == "runs 1"


def test_a_jump_to_a_sibling_clears_the_retry_counter():
    course = book(
        step("1", sub("1", handlers(on_fail=retry(1, Stop()))), sub("2", handlers(on_fail=goto("1.1"))))
    )
    run = Play(course)
    run.run(["fail", "pass", "fail"])
    assert run.entered == ["1.1", "1.1 (2)", "1.2", "1.1"]
    course = book(step("1", sub("1", handlers(on_fail=retry(1, goto("1.2")))), sub("2")))
    run = Play(course)
    run.run(["fail", "fail"])
    assert run.entered == ["1.1", "1.1 (2)", "1.2"]


def test_a_jump_settles_what_was_in_doubt_and_forgets_the_last_result():
    run = Play(TWO_STEPS)
    run.run(["pass"])
    run.take(LaunchRequested(request="sha256:a", position="2", plan="sha256:p"))
    run.take(Jumped(step="1"))
    assert (run.state.in_doubt, run.state.last_result) == ((), None)


def test_a_failed_effect_is_refused_where_a_command_runs():
    run = Play(TWO_STEPS)
    run.run([])
    with pytest.raises(EngineError):
        run._say("lost-child")


def test_a_person_goes_where_they_please_and_the_counters_start_anew():
    course = book(step("1", transitions=handlers(on_fail=retry(1, Stop()))), step("2", sub("1"), sub("b")))
    run = Play(course)
    assert run.run(["fail", "goto:1", "fail", "goto:2.b", "pass"]) == [
        "1 fail RETRY 1",
        "1 - GOTO 1",
        "1 fail RETRY 1",
        "1 - GOTO 2.b",
        "2.b pass CONTINUE* 2.b",
        "completed",
    ]


@pytest.mark.parametrize(
    ("jump", "code"),
    [
        (Jumped(step="9"), "engine/no-such-step"),
        (Jumped(step="1", substep="9"), "engine/no-such-step"),
        (Jumped(step="1", iteration=2), "engine/no-loop"),
    ],
)
def test_a_jump_to_what_is_not_there_is_refused_and_the_state_is_untouched(jump, code):
    run = Play(TWO_STEPS)
    before = run.state
    with pytest.raises(EngineError) as refused:
        run.take(jump)
    assert [item.code for item in refused.value.diagnostics] == [code]
    assert run.state is before


@pytest.mark.parametrize(("word", "end"), [("complete", "completed"), ("stop", "stopped")])
def test_a_person_can_end_the_run(word, end):
    assert play(TWO_STEPS, f"pass {word}") == ["1 pass CONTINUE 2", end]


def test_a_pause_stops_asking_and_resuming_asks_for_the_same_again():
    run = Play(TWO_STEPS)
    run.run([])
    asked = next_effect(TWO_STEPS, run.state)
    run._say("deny")
    assert next_effect(TWO_STEPS, run.state) is None
    run._say("resume")
    assert next_effect(TWO_STEPS, run.state) == asked == Execute(step="1", attempt=1)


def test_a_denial_uses_up_no_retry():
    course = book(step("1", transitions=handlers(on_fail=retry(1, Stop()))))
    assert play(course, "deny resume fail deny resume fail") == [
        "1 fail RETRY 1",
        "1 fail STOP 1",
        "stopped",
    ]


def test_a_person_may_report_at_a_paused_unit_and_nobody_else():
    run = Play(TWO_STEPS)
    run.run(["deny"])
    with pytest.raises(EngineError):
        run.take(PASSED)
    run.take(StepFinished(step="1", result="pass", reported_by="person"))
    assert next_effect(TWO_STEPS, run.state) == Enter(step="2", title="Step 2")


def test_a_launch_without_an_end_is_in_doubt_until_the_unit_has_a_result():
    run = Play(TWO_STEPS)
    run.run([])
    run.take(LaunchRequested(request="sha256:a", position="1", plan="sha256:p"))
    run.take(LaunchRequested(request="sha256:b", position="1", plan="sha256:p"))
    run.take(LaunchRequested(request="sha256:b", position="1", plan="sha256:p"))
    assert run.state.in_doubt == ("sha256:a", "sha256:b")
    ended = ProcessResult(ending="exited", status=0, duration_ns=1)
    run.take(ProcessEnded(request="sha256:a", position="1", result=ended, output="", output_digest=""))
    assert run.state.in_doubt == ("sha256:b",)
    run._say("pass")
    assert run.state.in_doubt == ()


def test_a_captured_value_replaces_the_one_before_and_remembers_what_redaction_took():
    run = Play(TWO_STEPS)
    run.run([])
    run.take(OutputCaptured(position="1", name="Version", value='"1"'))
    run.take(OutputCaptured(position="1", name="Token", value='"[REDACTED:T]"', lost=True))
    run.take(OutputCaptured(position="1", name="Version", value='"2"'))
    assert run.state.variables == {"Version": '"2"', "Token": '"[REDACTED:T]"'}
    assert run.state.lost == frozenset({"Token"})
    run.take(OutputCaptured(position="1", name="Token", value='"plain"'))
    assert run.state.lost == frozenset()


@pytest.mark.parametrize(
    "body",
    [
        STARTED,
        PASSED,
        StepStarted(step="2"),
        StepStarted(step="1", attempt=2),
        OutputCaptured(position="1", name="A", value="1"),
        LaunchRequested(request="sha256:a", position="1", plan="sha256:p"),
        RunFinished(status="completed"),
    ],
)
def test_a_fact_that_does_not_fit_is_refused_before_the_unit_starts(body):
    state = apply(TWO_STEPS, initial(TWO_STEPS), STARTED)
    with pytest.raises(EngineError):
        apply(TWO_STEPS, state, body)


@pytest.mark.parametrize(
    "body", [RunPaused(reason="denied", position="1"), FAILED, EndForced(status="stopped")]
)
def test_nothing_happens_to_a_run_that_has_ended(body):
    run = Play(TWO_STEPS)
    run.run(["fail"])
    with pytest.raises(EngineError):
        run.take(body)


def test_a_run_that_was_not_started_asks_for_nothing():
    with pytest.raises(EngineError):
        next_effect(TWO_STEPS, initial(TWO_STEPS))


def test_a_result_of_another_place_is_refused():
    run = Play(TWO_STEPS)
    run.run([])
    with pytest.raises(EngineError):
        run.take(StepFinished(step="2", result="pass", reported_by="person"))


def test_a_run_ends_only_as_it_is_about_to():
    state = replay(TWO_STEPS, [STARTED, StepStarted(step="1"), FAILED])
    with pytest.raises(EngineError):
        apply(TWO_STEPS, state, RunFinished(status="completed"))


def test_a_resume_after_a_crash_changes_nothing():
    run = Play(TWO_STEPS)
    run.run([])
    before = run.state
    run.take(RunResumed())
    assert run.state == before


def test_a_fact_tells_the_moves_it_brings_about_and_the_next_fact_forgets_them():
    before = replay(TWO_STEPS, [STARTED, StepStarted(step="1")])
    moved = TransitionTaken(from_="1", at="2", action="CONTINUE", result=Outcome.PASS)
    assert transitions_of(TWO_STEPS, before, PASSED) == (moved,)
    assert apply(TWO_STEPS, before, PASSED).taken == (moved,)
    assert replay(TWO_STEPS, [STARTED, StepStarted(step="1"), PASSED, StepStarted(step="2")]).taken == ()
