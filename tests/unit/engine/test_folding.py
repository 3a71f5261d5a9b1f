"""Substeps and their step: recording, folding, the step's own handlers and retries, children."""

import pytest

from rundown.engine.results import Results
from rundown.model.runbook import Complete, Continue, Defer, Goto, Outcome, Stop, Target
from tests.support.books import book, child, deferring, goto, handlers, retry, step, sub
from tests.support.play import Play, play


def two(transitions, unit=None):
    """A step of two substeps and a plain step after it."""
    unit = unit or deferring()
    return book(step("1", sub("1", unit), sub("2", unit), transitions=transitions), step("2"))


@pytest.mark.parametrize(
    ("mode", "results", "folded"),
    [
        ("all", "pass pass", "pass"),
        ("all", "fail pass", "fail"),
        ("all", "pass fail", "fail"),
        ("any", "fail fail", "fail"),
        ("any", "pass fail", "pass"),
        ("any", "fail pass", "pass"),
        (None, "fail pass", "fail"),
        (None, "pass pass", "pass"),
    ],
)
def test_recorded_results_fold_by_the_step_s_marks(mode, results, folded):
    lines = play(two(handlers(goto("2"), Stop(), mode), deferring()), results)
    last = results.split()[-1]
    assert (
        lines[1:]
        == {
            "pass": [f"1.2 {last} GOTO* 2", "runs 2"],
            "fail": [f"1.2 {last} STOP* 1.2", "stopped"],
        }[folded]
    )


def test_nothing_recorded_passes_under_all_and_fails_under_any():
    assert [Results().fold(mode) for mode in ("all", None, "any")] == [
        Outcome.PASS,
        Outcome.PASS,
        Outcome.FAIL,
    ]


def test_a_result_replaces_the_earlier_one_of_the_same_number():
    once = Results().record(3, Outcome.FAIL)
    assert once.record(3, Outcome.PASS) == Results().record(3, Outcome.PASS)
    assert once.drop(3) == Results()


def test_defer_never_cuts_short():
    run = Play(two(handlers(mode="all")))
    assert run.run(["fail", "pass"]) == ["1.1 fail DEFER 1.2", "1.2 pass STOP* 1.2", "stopped"]
    assert run.entered == ["1.1", "1.2"]


def test_stop_in_a_substep_skips_the_step_s_handlers():
    assert play(two(handlers(Complete(), Complete()), handlers()), "fail") == ["1.1 fail STOP 1.1", "stopped"]


def test_complete_in_a_substep_ends_the_run_at_once():
    assert play(two(handlers(Stop(), Stop()), handlers(Complete("done"))), "pass") == [
        "1.1 pass COMPLETE 1.1",
        "completed: done",
    ]


def test_substeps_that_record_nothing_take_the_pass_side():
    assert play(two(handlers(goto("2"), Stop()), handlers(Continue(), Continue())), "fail fail") == [
        "1.1 fail CONTINUE 1.2",
        "1.2 fail GOTO* 2",
        "runs 2",
    ]


def test_only_what_was_deferred_counts():
    course = book(
        step("1", sub("1", handlers(Continue(), Defer())), sub("2", handlers(Continue(), Continue())))
    )
    assert play(course, "fail pass") == ["1.1 fail DEFER 1.2", "1.2 pass STOP* 1.2", "stopped"]


def test_the_unit_s_retries_come_before_its_recording():
    unit = handlers(Defer(), retry(1, Defer()))
    assert play(two(handlers(mode="all"), unit), "fail fail pass") == [
        "1.1 fail RETRY 1.1",
        "1.1 fail DEFER 1.2",
        "1.2 pass STOP* 1.2",
        "stopped",
    ]


def test_a_step_retry_starts_the_step_s_substeps_again_and_forgets_their_results():
    run = Play(two(handlers(Continue(), retry(1, Stop("twice")), "all")))
    assert run.run(["fail", "pass", "pass", "pass", "pass"]) == [
        "1.1 fail DEFER 1.2",
        "1.2 pass RETRY* 1.1",
        "1.1 pass DEFER 1.2",
        "1.2 pass CONTINUE* 2",
        "2 pass CONTINUE 2",
        "completed",
    ]


def test_a_step_retry_forgets_the_result_of_a_substep_that_is_then_skipped():
    course = book(
        step(
            "1",
            sub("1", handlers(Continue(), goto("1.3"))),
            sub("2", deferring()),
            sub("3", handlers(Continue())),
            transitions=handlers(Complete("done"), retry(1, Stop("stale"))),
        )
    )
    assert play(course, "pass fail pass fail pass")[-1] == "completed: done"


def test_step_retries_are_used_up_and_cleared_by_a_fresh_entry():
    course = book(
        step("1", sub("1", deferring()), transitions=handlers(Continue(), retry(1, goto("2")))),
        step("2", transitions=handlers(goto("1"))),
    )
    assert play(course, "fail fail pass fail") == [
        "1.1 fail RETRY* 1.1",
        "1.1 fail GOTO* 2",
        "2 pass GOTO 1.1",
        "1.1 fail RETRY* 1.1",
        "runs 1.1",
    ]


def test_a_goto_in_a_substep_does_not_wait_for_its_siblings():
    assert play(two(handlers(), handlers(goto("2"))), "pass") == ["1.1 pass GOTO 2", "runs 2"]


def test_a_jump_to_a_step_enters_its_first_substep_and_to_a_substep_that_one():
    course = book(
        step("1", transitions=handlers(goto("Fix.b"), goto("Fix"))), step("Fix", sub("a"), sub("b"))
    )
    assert play(course, "pass") == ["1 pass GOTO Fix.b", "runs Fix.b"]
    assert play(course, "fail") == ["1 fail GOTO Fix.a", "runs Fix.a"]


def test_a_jump_to_another_step_forgets_what_was_recorded():
    course = book(
        step("1", sub("1", deferring()), sub("2", handlers(goto("2")))),
        step("2", transitions=handlers(goto("1.2"))),
    )
    run = Play(course)
    run.run(["fail", "pass", "pass"])
    assert (run.state.position, run.state.deferred) == ("1.2", Results())


def test_a_jump_back_to_a_sibling_replaces_what_it_recorded_and_keeps_the_rest():
    course = book(
        step(
            "1",
            sub("1", deferring()),
            sub("2", deferring()),
            sub("3", handlers(Defer(), goto("1.2"))),
            transitions=handlers(mode="all"),
        )
    )
    assert play(course, "pass fail fail pass pass")[-2:] == ["1.3 pass CONTINUE* 1.3", "completed"]
    assert play(course, "fail pass fail pass pass")[-2:] == ["1.3 pass STOP* 1.3", "stopped"]


def test_a_re_run_substep_that_records_nothing_takes_its_old_result_with_it():
    course = book(
        step("1", sub("1", handlers(Continue(), Defer())), sub("2", handlers(Continue(), goto("1.1"))))
    )
    assert play(course, "fail fail pass pass")[-1] == "completed"


def test_a_jump_forward_to_a_sibling_skips_what_lies_between():
    course = book(step("1", sub("1", handlers(goto("1.3"))), sub("2"), sub("3")))
    assert play(course, "pass pass") == ["1.1 pass GOTO 1.3", "1.3 pass CONTINUE* 1.3", "completed"]


def test_named_substeps_take_part_in_the_flow():
    course = book(step("1", sub("1"), sub("Clean"), sub("2")))
    assert play(course, "pass pass pass")[:2] == ["1.1 pass CONTINUE 1.Clean", "1.Clean pass CONTINUE 1.2"]


def test_a_list_of_children_folds_like_any_substeps():
    course = book(
        step(
            "1",
            sub("1", deferring(), child("a.runbook.md")),
            sub("2", deferring(), child("b.runbook.md")),
            transitions=handlers(Continue(), Stop(), "any"),
        )
    )
    assert play(course, "") == ["launches a.runbook.md at 1.1"]
    assert play(course, "fail pass") == ["1.1 fail DEFER 1.2", "1.2 pass CONTINUE* 1.2", "completed"]


def test_a_child_is_launched_anew_by_every_retry():
    course = book(step("1", sub("1", handlers(on_fail=retry(1, Stop())), child("a.runbook.md"))))
    run = Play(course)
    assert run.run(["fail"]) == ["1.1 fail RETRY 1.1", "launches a.runbook.md at 1.1"]
    assert run.entered == ["1.1", "1.1 (2)"]


def test_a_child_that_cannot_be_found_stops_its_parent():
    course = book(step("1", sub("1", handlers(Continue(), Continue()), child("a.runbook.md"))))
    assert play(course, "lost-child") == ["stopped [inline_launch_failed]"]


def test_a_word_of_a_loop_or_a_defer_where_it_means_nothing_stops_the_run():
    course = book(step("1", transitions=handlers(Defer())))
    assert play(course, "pass")[-1] == "stopped [engine/misplaced-action]"


def test_a_message_and_a_target_are_told_with_the_move():
    run = Play(two(handlers(Continue(), Stop("both failed")), deferring()))
    run.run(["fail", "fail"])
    run = Play(two(handlers(Goto(target=Target(step="2")))))
    run.run([])
    run._say("pass")
    run._settle()
    run._say("pass")
    assert [(move.action, move.target) for move in run.state.taken] == [("GOTO", "2")]
