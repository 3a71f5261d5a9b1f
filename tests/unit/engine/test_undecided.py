"""One test for each rule that no known scenario decides (language.md, section 18), as far as the machine
decides it. What the parser supplies (defaults) is in tests/spec."""

from rundown.model.runbook import Break, Continue, Defer, Next, Stop
from tests.support.books import book, child, deferring, goto, handlers, loop, retry, step, sub
from tests.support.play import Play, play


def test_next_records_nothing():
    unit = handlers(Defer(), Next())
    course = book(step("1", sub("1", unit), loop=loop(1, 2), transitions=handlers(mode="all")))
    assert play(course, "fail pass")[-1] == "completed"


def test_next_drops_what_its_iteration_had_deferred():
    course = book(
        step(
            "1",
            sub("1", deferring()),
            sub("2", handlers(Next())),
            loop=loop(1, 1),
            transitions=handlers(mode="all"),
        )
    )
    assert play(course, "fail pass")[-1] == "completed"


def test_an_iteration_retry_comes_before_a_substep_s_next():
    course = book(
        step(
            "1",
            sub("1", deferring()),
            sub("2", handlers(Next())),
            loop=loop(1, 2, block=handlers(Defer(), retry(1, Defer()))),
        )
    )
    assert play(course, "fail pass")[1] == "1.1.2 pass RETRY* 1.1.1"


def test_at_is_honoured_for_a_substep_of_the_running_loop():
    course = book(step("1", sub("1"), sub("2", handlers(goto("1.1", 3))), loop=loop(1, 3)))
    assert play(course, "pass pass")[-1] == "runs 1.3.1"


def test_a_substep_goto_inside_a_loop_keeps_the_iteration_and_its_recorded_results():
    course = book(
        step(
            "1",
            sub("1", deferring()),
            sub("2", handlers(Defer(), goto("1.2"))),
            loop=loop(1, 1),
            transitions=handlers(mode="all"),
        )
    )
    assert play(course, "fail fail pass")[-2:] == ["1.1.2 pass STOP* 1.1.2", "stopped"]


def test_iteration_and_step_retries_add_to_the_unit_s_counter():
    one = book(step("1", sub("1", deferring()), transitions=handlers(on_fail=retry(2, Stop()))))
    run = Play(one)
    run.run(["fail", "fail", "fail"])
    assert run.entered == ["1.1", "1.1 (2)", "1.1 (3)"]
    many = book(step("1", sub("1", deferring()), loop=loop(1, 1, block=handlers(Defer(), retry(1, Defer())))))
    run = Play(many)
    run.run(["fail"])
    assert run.entered == ["1.1.1", "1.1.1 (2)"]


def test_the_unit_s_counter_is_cleared_at_a_sibling_and_at_the_next_iteration():
    unit = handlers(on_fail=retry(1, Stop()))
    course = book(step("1", sub("1", unit), sub("2", unit), loop=loop(1, 2)))
    run = Play(course)
    run.run(["fail", "pass", "fail", "pass", "fail", "pass", "fail", "pass"])
    assert run.entered == [f"1.{i}.{s}{again}" for i in (1, 2) for s in (1, 2) for again in ("", " (2)")]


def test_pass_and_fail_retries_share_one_counter():
    course = book(step("1", transitions=handlers(retry(1, Continue()), retry(2, Stop()))))
    assert play(course, "pass fail fail") == ["1 pass RETRY 1", "1 fail RETRY 1", "1 fail STOP 1", "stopped"]


def test_a_step_s_handlers_are_consulted_after_plain_substeps():
    course = book(
        step("1", sub("1", deferring()), transitions=handlers(Stop("passed"), Continue())), step("2")
    )
    assert play(course, "pass")[-1] == "stopped: passed"
    assert play(course, "fail")[-1] == "runs 2"


def test_a_step_s_handlers_are_consulted_after_a_plain_loop():
    course = book(
        step(
            "1", sub("1", deferring()), loop=loop(1, 2), transitions=handlers(Continue(), Stop("one failed"))
        )
    )
    assert play(course, "fail pass")[-1] == "stopped: one failed"


def test_a_child_s_stop_is_a_fail_that_its_parent_may_absorb():
    course = book(step("1", sub("1", handlers(Continue(), Continue()), child("a.runbook.md"))), step("2"))
    assert play(course, "fail") == ["1.1 fail CONTINUE* 2", "runs 2"]


def test_any_at_iteration_level_needs_one_pass_in_the_iteration():
    course = book(
        step(
            "1",
            sub("1", deferring()),
            sub("2", deferring()),
            loop=loop(1, 2, block=handlers(Defer(), Break(), "any")),
            transitions=handlers(Continue(), Stop(), "all"),
        )
    )
    assert play(course, "fail pass")[1] == "1.1.2 pass DEFER 1.2.1"
    assert play(course, "fail fail")[1] == "1.1.2 fail BREAK* 1.1.2"


def test_an_iteration_that_recorded_nothing_passed_even_under_any():
    course = book(
        step("1", sub("1"), loop=loop(1, 2, block=handlers(Defer(), Stop("nothing passed"), "any")))
    )
    assert play(course, "pass")[-1] == "runs 1.2.1"
