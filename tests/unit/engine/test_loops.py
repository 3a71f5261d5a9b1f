"""FOR: ranges, sources, windows, iterations and what ends them, jumps into and within, undefined bounds."""

import pytest

from rundown.engine.effects import DrawItem, OpenLoop
from rundown.engine.errors import EngineError
from rundown.engine.machine import apply, next_effect
from rundown.model.event import (
    IndexResolved,
    ItemDrawn,
    LoopOpened,
    SourceEnded,
    SourceMark,
    StepFinished,
)
from rundown.model.runbook import Break, Complete, Continue, Defer, LoopRange, Next, Stop
from tests.support.books import book, deferring, goto, handlers, loop, retry, step, sub
from tests.support.play import Play, play


def looping(frame, unit=None, transitions=None, *more):
    """A step of one substep that loops, and a plain step after it."""
    return book(
        step("1", sub("1", unit or handlers()), *more, loop=frame, transitions=transitions), step("2")
    )


def entered(course, script="", files=None, **variables):
    run = Play(course, variables, files or {})
    run.run(script.split())
    return run.entered


def test_a_range_counts_up_and_each_unit_runs_in_each_iteration():
    course = looping(loop(1, 2), None, None, sub("b"))
    assert entered(course, "pass " * 5) == ["1.1.1", "1.1.b", "1.2.1", "1.2.b", "2"]


def test_a_range_counts_down():
    assert entered(looping(loop(3, 1)), "pass pass pass") == ["1.3.1", "1.2.1", "1.1.1", "2"]


def test_a_plain_advance_is_told_by_the_unit_s_own_word():
    assert play(looping(loop(1, 2)), "pass pass") == [
        "1.1.1 pass CONTINUE 1.2.1",
        "1.2.1 pass CONTINUE* 2",
        "runs 2",
    ]
    assert play(looping(loop(1, 2), deferring()), "pass pass")[0] == "1.1.1 pass DEFER 1.2.1"


def test_bounds_that_are_names_are_asked_for():
    course = looping(loop("From", "To"))
    run = Play(course)
    assert next_effect(course, run.state) == OpenLoop(step="1", bounds=LoopRange(start="From", stop="To"))
    assert entered(course, "pass", From=4, To=5) == ["1.4.1", "1.5.1"]


@pytest.mark.parametrize(
    "opened",
    [
        LoopOpened(step="1", first=0, last=3),
        LoopOpened(step="1", first=10_001, last=3),
        LoopOpened(step="1", first=2, last=4),
        LoopOpened(step="1", first=2),
        LoopOpened(step="1", last=3),
        LoopOpened(step="1", first=2, last=3, items=("1", "2", "3")),
        LoopOpened(step="2", first=2, last=3),
    ],
)
def test_bounds_that_are_none_or_not_those_of_the_loop_are_refused(opened):
    run = Play(looping(loop("From", 3)))
    with pytest.raises(EngineError):
        run.take(opened)


def test_a_loop_without_names_cannot_lack_a_bound():
    run = Play(looping(loop(of="Names")))
    with pytest.raises(EngineError):
        run.take(LoopOpened(step="1"))


def test_a_list_gives_its_items_without_asking_again():
    course = looping(loop(of="Names"))
    run = Play(course, {"Names": ["a", {"b": 1}]})
    run.run([])
    seen = [run.state.item]
    run._say("pass")
    seen.append(run.state.item)
    assert seen == ['"a"', '{"b": 1}']
    assert run.run(["pass"])[-1] == "runs 2"


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ((2, 3), ["1.2.1", "1.3.1", "2"]),
        ((3, 9), ["1.3.1", "1.4.1", "2"]),
        ((9, 3), ["1.4.1", "1.3.1", "2"]),
        ((5, 9), ["2"]),
        ((9, 5), ["2"]),
    ],
)
@pytest.mark.parametrize("form", ["list", "file"])
def test_a_window_is_cut_at_the_end_of_its_source(form, window, expected):
    course = looping(loop(*window, of="Names"))
    source = {"Names": [1, 2, 3, 4]}
    run = Play(course, source) if form == "list" else Play(course, {}, source)
    while run.state.step == "1":
        run._settle()
        if run.state.step == "1":
            run._say("pass")
    run.run([])
    assert run.entered == expected


def test_a_file_is_drawn_item_by_item_until_it_ends():
    course = looping(loop(of="Lines"))
    mark = SourceMark(path="a.jsonl", size_bytes=4, mtime_us=1)
    run = Play(course)
    run.take(LoopOpened(step="1", first=1, last=10_000, mark=mark))
    assert next_effect(course, run.state) == DrawItem(step="1", iteration=1, source="Lines")
    run.take(ItemDrawn(step="1", iteration=1, value='"x"'))
    run._settle()
    assert (run.state.item, run.state.frame.mark) == ('"x"', mark)
    run._say("pass")
    assert next_effect(course, run.state) == DrawItem(step="1", iteration=2, source="Lines")
    assert (run.state.position, run.state.item) == ("1.1.1", '"x"')
    run.take(SourceEnded(step="1", length=1))
    assert run.lines == ["1.1.1 pass CONTINUE* 2"]
    assert run.state.entry is None


@pytest.mark.parametrize(
    "stray",
    [
        ItemDrawn(step="1", iteration=2, value="1"),
        ItemDrawn(step="2", iteration=1, value="1"),
        SourceEnded(step="1", length=1),
        SourceEnded(step="1", length=-1),
        SourceEnded(step="2", length=0),
    ],
)
def test_an_item_that_was_not_asked_for_is_refused(stray):
    run = Play(looping(loop(of="Lines")))
    run.take(LoopOpened(step="1", first=1, last=10_000))
    with pytest.raises(EngineError):
        run.take(stray)


def test_items_that_redaction_changed_are_marked():
    run = Play(looping(loop(of="Names")))
    run.take(LoopOpened(step="1", first=1, last=10_000, items=('"[REDACTED:T]"',), lost=True))
    assert run.state.frame.lost
    run = Play(looping(loop(of="Lines")))
    run.take(LoopOpened(step="1", first=1, last=10_000))
    run.take(ItemDrawn(step="1", iteration=1, value='"[REDACTED:T]"', lost=True))
    assert run.state.frame.lost


def test_a_word_of_a_loop_at_the_end_of_a_file_is_told_as_itself():
    course = looping(loop(of="Lines"), handlers(Next()), None, sub("2"))
    assert Play(course, {}, {"Lines": ["a"]}).run(["pass"]) == [
        "1.1.1 pass NEXT 1.1.1",
        "1.1.1 pass CONTINUE* 2",
        "runs 2",
    ]


def test_an_iteration_that_is_retried_keeps_its_item():
    course = looping(loop(of="Lines", block=handlers(Defer(), retry(1, Defer()))), deferring())
    run = Play(course, {}, {"Lines": ["a", "b"]})
    assert run.run(["fail", "pass", "pass"])[:2] == ["1.1.1 fail RETRY* 1.1.1", "1.1.1 pass DEFER 1.2.1"]
    assert [body.iteration for body in run.bodies if isinstance(body, ItemDrawn)] == [1, 2]


def test_a_source_that_cannot_be_had_stops_the_run():
    assert play(looping(loop(of="Nothing"))) == ["stopped [undefined-variable]"]


def test_an_earlier_output_may_supply_the_source():
    course = book(step("1"), step("2", sub("1"), loop=loop(of="Found")))
    assert play(course, 'Found=["x"] pass pass') == [
        "1 pass CONTINUE 2.1.1",
        "2.1.1 pass CONTINUE* 2.1.1",
        "completed",
    ]


@pytest.mark.parametrize(("mode", "line"), [(None, "1 pass CONTINUE* 2"), ("any", "1 fail STOP* 1")])
def test_an_empty_loop_runs_nothing_and_the_step_s_handlers_fold_nothing(mode, line):
    course = looping(loop(of="Names"), transitions=handlers(mode=mode))
    assert play(course, Names=[])[0] == line


def test_entering_an_empty_loop_is_told_as_two_moves():
    course = book(step("1"), step("2", sub("1"), loop=loop(of="Names")), step("3"))
    assert play(course, "pass", Names=[]) == ["1 pass CONTINUE 2", "2 pass CONTINUE* 3", "runs 3"]


def test_a_step_that_loops_over_nothing_and_jumps_onto_itself_is_stopped():
    course = looping(loop(of="Names"), transitions=handlers(goto("1")))
    assert Play(course, {"Names": []}).run([])[-1] == "stopped [engine/self-goto-limit]"


def test_an_iteration_that_jumps_onto_itself_is_stopped():
    block = handlers(Defer(), goto("1", "Index"))
    run = Play(looping(loop(1, 2, block=block), deferring()))
    assert run.run(["pass"] + ["fail"] * 10_001)[-1] == "stopped [engine/self-goto-limit]"
    assert run.entered[-1] == "1.2.1"


def test_retrying_an_empty_loop_resolves_its_source_again():
    course = looping(loop(of="Names"), transitions=handlers(on_fail=retry(1, Stop()), mode="any"))
    run = Play(course)
    run.take(LoopOpened(step="1", first=1, last=10_000, items=()))
    assert next_effect(course, run.state) == OpenLoop(step="1", source="Names")
    run.take(LoopOpened(step="1", first=1, last=10_000, items=('"a"',)))
    assert run.run([])[-1] == "runs 1.1.1"


def test_break_leaves_the_loop_and_the_step_s_handlers_run():
    course = looping(loop(1, 3), handlers(Continue(), Break()), handlers(Continue(), Stop()))
    assert play(course, "pass fail") == [
        "1.1.1 pass CONTINUE 1.2.1",
        "1.2.1 fail BREAK 1.2.1",
        "1.2.1 fail CONTINUE* 2",
        "runs 2",
    ]


def test_break_in_the_first_iteration_leaves_nothing_recorded():
    course = looping(loop(1, 3), handlers(Continue(), Break()), handlers(Continue(), Stop(), "any"))
    assert play(course, "fail")[-1] == "stopped"


def test_break_keeps_the_results_of_the_iterations_before():
    unit = handlers(Break(), Defer())
    course = looping(loop(1, 3), unit, handlers(Continue(), Stop("one failed"), "all"))
    assert play(course, "fail pass")[-1] == "stopped: one failed"


def test_next_drops_the_rest_of_the_iteration():
    course = looping(loop(1, 2), handlers(Next()), None, sub("2"))
    assert entered(course, "pass pass pass") == ["1.1.1", "1.2.1", "2"]


def test_an_iteration_without_results_is_recorded_as_passed():
    course = looping(
        loop(1, 1, block=deferring()), handlers(Continue(), Continue()), handlers(Continue(), Stop(), "any")
    )
    assert play(course, "fail")[-1] == "runs 2"


@pytest.mark.parametrize(
    ("action", "lines"),
    [
        (Continue(), ["1.1.1 fail STOP* 1.1.1", "stopped"]),
        (Stop("no"), ["1.1.1 fail STOP* 1.1.1", "stopped: no"]),
        (Complete("ok"), ["1.1.1 fail COMPLETE* 1.1.1", "completed: ok"]),
        (goto("2"), ["1.1.1 fail GOTO* 2", "runs 2"]),
        (Next(), ["1.1.1 fail NEXT* 1.2.1", "runs 1.2.1"]),
        (Break(), ["1.1.1 fail BREAK* 1.1.1", "1.1.1 fail STOP* 1.1.1", "stopped"]),
        (Defer(), ["1.1.1 fail DEFER 1.2.1", "runs 1.2.1"]),
    ],
    ids=["continue", "stop", "complete", "goto", "next", "break", "defer"],
)
def test_the_nested_block_decides_what_a_failed_iteration_does(action, lines):
    course = looping(loop(1, 2, block=handlers(Defer(), action)), deferring(), handlers(Stop(), Continue()))
    assert play(course, "fail") == lines


def test_a_nested_retry_restarts_the_iteration_and_then_falls_back():
    block = handlers(Defer(), retry(1, Break()))
    course = looping(loop(1, 2, block=block), deferring(), None, sub("2", deferring()))
    assert play(course, "fail pass pass fail") == [
        "1.1.1 fail DEFER 1.1.2",
        "1.1.2 pass RETRY* 1.1.1",
        "1.1.1 pass DEFER 1.1.2",
        "1.1.2 fail BREAK* 1.1.2",
        "1.1.2 fail CONTINUE* 2",
        "runs 2",
    ]


def test_the_iteration_counter_is_zero_in_each_iteration():
    course = looping(loop(1, 2, block=handlers(Defer(), retry(1, Stop()))), deferring())
    assert play(course, "fail pass fail pass")[-1] == "runs 2"


def test_a_nested_retry_comes_before_the_unit_s_break():
    block = handlers(Defer(), retry(1, Defer()))
    course = looping(loop(1, 2, block=block), deferring(), None, sub("2", handlers(Continue(), Break())))
    assert play(course, "fail fail pass fail") == [
        "1.1.1 fail DEFER 1.1.2",
        "1.1.2 fail RETRY* 1.1.1",
        "1.1.1 pass DEFER 1.1.2",
        "1.1.2 fail BREAK 1.1.2",
        "1.1.2 fail CONTINUE* 2",
        "runs 2",
    ]


def test_a_step_retry_starts_the_loop_again_with_nothing_recorded():
    course = looping(loop(1, 2), deferring(), handlers(Continue(), retry(1, Stop()), "all"))
    run = Play(course)
    assert run.run(["fail", "pass", "pass", "pass"]) == [
        "1.1.1 fail DEFER 1.2.1",
        "1.2.1 pass RETRY* 1.1.1",
        "1.1.1 pass DEFER 1.2.1",
        "1.2.1 pass CONTINUE* 2",
        "runs 2",
    ]
    assert run.entered == ["1.1.1", "1.2.1", "1.1.1 (2)", "1.2.1", "2"]


def test_a_step_retry_keeps_nothing_of_later_iterations():
    unit = handlers(Break(), Defer())
    course = looping(loop(1, 3), unit, handlers(Complete("ok"), retry(1, Stop()), "all"))
    assert play(course, "fail fail pass pass")[-2:] == ["1.1.1 pass COMPLETE* 1.1.1", "completed: ok"]


def test_a_restarted_iteration_forgets_what_it_recorded_even_if_it_goes_another_way():
    block = handlers(Defer(), retry(1, Stop("stale")))
    course = looping(
        loop(1, 1, block=block),
        handlers(goto("1.3"), Continue()),
        None,
        sub("2", deferring()),
        sub("3", handlers(Continue())),
    )
    assert play(course, "fail fail pass pass pass")[-2:] == ["1.1.3 pass CONTINUE* 2", "runs 2"]


def test_an_iteration_that_begins_again_forgets_its_earlier_result():
    course = book(
        step(
            "1",
            sub("1", handlers(Next(), Defer())),
            sub("2", handlers(Defer(), goto("1", 1))),
            loop=loop(1, 2),
            transitions=handlers(mode="all"),
        )
    )
    assert play(course, "fail pass fail fail pass pass")[-2:] == ["1.2.1 pass CONTINUE* 1.2.1", "completed"]


def test_each_iteration_begins_with_nothing_recorded():
    recorded = looping(
        loop(1, 2, block=handlers(Defer(), Defer())),
        handlers(Continue(), goto("1.3")),
        handlers(Stop("one passed"), Continue(), "any"),
        sub("2", deferring()),
        sub("3", handlers(Continue())),
    )
    assert play(recorded, "pass fail pass fail pass")[-1] == "stopped: one passed"


def test_stop_in_a_loop_skips_every_handler_above():
    course = looping(
        loop(1, 2, block=handlers(Complete(), Complete())), handlers(), handlers(Complete(), Complete())
    )
    assert play(course, "fail") == ["1.1.1 fail STOP 1.1.1", "stopped"]


class TestJumps:
    def into(self, target, at=None):
        return book(
            step("1", transitions=handlers(goto(target, at))), step("2", sub("1"), sub("b"), loop=loop(5, 1))
        )

    def test_a_loop_is_entered_at_its_start(self):
        assert play(self.into("2"), "pass")[-1] == "runs 2.5.1"

    def test_at_names_the_iteration(self):
        assert play(self.into("2", 3), "pass") == ["1 pass GOTO 2.3.1", "runs 2.3.1"]
        assert play(self.into("2.b", 3), "pass") == ["1 pass GOTO 2.3.b", "runs 2.3.b"]

    def test_at_may_be_a_name(self):
        assert play(self.into("2", "Where"), "pass", Where=4)[-1] == "runs 2.4.1"

    @pytest.mark.parametrize("at", [6, "Where"])
    def test_at_outside_the_loop_stops_the_run(self, at):
        assert play(self.into("2", at), "pass", Where=6)[-1] == "stopped [engine/no-iteration]"

    def test_at_beyond_the_end_of_a_list_or_file_stops_the_run(self):
        course = book(step("1", transitions=handlers(goto("2", 3))), step("2", sub("1"), loop=loop(of="S")))
        assert play(course, "pass", S=[1, 2])[-1] == "stopped [engine/no-iteration]"
        assert Play(course, {}, {"S": [1, 2]}).run(["pass"])[-1] == "stopped [engine/no-iteration]"
        assert play(course, "pass", S=[])[-1] == "stopped [engine/no-iteration]"

    def test_at_without_a_value_stops_the_run(self):
        assert play(self.into("2", "Where"), "pass")[-1] == "stopped [undefined-variable]"

    def within(self, target, at=None):
        return book(
            step(
                "1",
                sub("1", deferring()),
                sub("2", handlers(Defer(), goto(target, at))),
                loop=loop(1, 3),
                transitions=handlers(mode="all"),
            )
        )

    def test_a_substep_of_the_running_loop_stays_in_the_iteration(self):
        assert play(self.within("1.1"), "pass pass pass fail")[-1] == "runs 1.2.1"

    def test_at_moves_the_iteration(self):
        assert play(self.within("1.2", 3), "pass fail")[-1] == "runs 1.3.2"

    def test_the_step_itself_with_at_keeps_the_other_iterations_results(self):
        assert play(self.within("1", 3), "fail pass pass fail pass pass")[-1] == "stopped"

    def test_the_step_itself_with_at_drops_the_results_of_the_iteration_it_leaves(self):
        assert play(self.within("1", 3), "fail fail pass pass")[-1] == "completed"

    def test_the_step_itself_without_at_starts_afresh(self):
        lines = play(self.within("1"), "fail pass pass fail " + "pass " * 6)
        assert (lines[3], lines[-1]) == ("1.2.2 fail GOTO 1.1.1", "completed")

    def test_at_the_current_number_is_the_same_iteration(self):
        assert play(self.within("1.1", "Index"), "pass pass pass fail")[-1] == "runs 1.2.1"
        assert play(self.within("1.2", "Index"), "fail fail pass pass pass pass pass")[-1] == "stopped"

    def test_a_number_under_another_name_is_refused(self):
        run = Play(self.into("2", "Where"))
        run._settle()
        run.state = apply(run.course, run.state, StepFinished(step="1", result="pass", reported_by="process"))
        with pytest.raises(EngineError):
            run.take(IndexResolved(name="Other", iteration=1))

    def test_an_iteration_that_jumps_to_another_one_is_no_jump_onto_itself(self):
        block = handlers(goto("1", "Other"), Stop())
        course = book(step("1", sub("1", deferring()), loop=loop(1, 2, block=block)))
        script = [word for turn in range(10_010) for word in (f"Other={2 - turn % 2}", "pass")]
        assert Play(course).run(script)[-1] == "runs 1.1.1"

    def test_a_file_is_drawn_again_where_a_jump_goes(self):
        course = book(
            step("1", sub("1", handlers(Continue(), goto("1", 3))), loop=loop(of="S")),
        )
        run = Play(course, {}, {"S": ["a", "b", "c"]})
        assert run.run(["fail"])[-1] == "runs 1.3.1"
        assert run.state.item == '"c"'

    def test_a_file_that_was_jumped_into_may_end(self):
        course = book(step("1", sub("1", handlers(Continue(), goto("1", 2))), loop=loop(of="S")))
        assert Play(course, {}, {"S": ["a", "b"]}).run(["fail", "pass"])[-1] == "completed"

    def test_at_beyond_the_end_of_the_running_file_stops_the_run(self):
        course = book(step("1", sub("1", handlers(Continue(), goto("1", 3))), loop=loop(of="S")))
        assert Play(course, {}, {"S": ["a", "b"]}).run(["fail"])[-1] == "stopped [engine/no-iteration]"

    def test_a_jump_within_the_iteration_clears_the_retry_counter(self):
        unit = handlers(on_fail=retry(1, goto("1.2")))
        run = Play(book(step("1", sub("1", unit), sub("2"), loop=loop(1, 2))))
        run.run(["fail", "fail"])
        assert run.entered == ["1.1.1", "1.1.1 (2)", "1.1.2"]

    def test_a_person_may_name_the_iteration(self):
        course = self.within("1")
        assert play(course, "pass goto:1@3")[-1] == "runs 1.3.1"
        run = Play(course)
        with pytest.raises(EngineError):
            run.run(["goto:1@4"])
        assert run.state.position == "1.1.1"

    def test_a_person_s_jump_into_a_closed_loop_is_checked_too(self):
        with pytest.raises(EngineError):
            play(self.into("2"), "goto:2@6")


class TestUndefinedBound:
    course = book(
        step("1", sub("1", deferring()), sub("2", handlers(Defer(), Next())), loop=loop(1, "Count")),
        step("2"),
    )

    def test_each_substep_runs_once_by_hand(self):
        assert play(self.course, "") == ["waits at 1.1 (undefined-bound)"]
        assert play(self.course, "pass pass") == ["1.1 pass DEFER 1.2", "1.2 pass CONTINUE* 2", "runs 2"]

    def test_results_fold_as_in_a_plain_step(self):
        assert play(self.course, "fail pass") == ["1.1 fail DEFER 1.2", "1.2 pass STOP* 1.2", "stopped"]

    def test_a_word_of_a_loop_stops_the_run(self):
        assert play(self.course, "pass fail")[-1] == "stopped [engine/no-loop]"

    def test_at_stops_the_run(self):
        course = book(
            step("1", transitions=handlers(goto("2", 1))), step("2", sub("1"), loop=loop(1, "Count"))
        )
        assert play(course, "pass") == ["1 pass GOTO 2", "stopped [engine/no-loop]"]

    def test_the_next_step_runs_by_itself_again(self):
        assert play(self.course, "pass pass")[-1] == "runs 2"
