"""The line of a run's time: pauses are taken out of it, whatever ended them."""

from rundown.model.event import Body, Event, RunFinished, RunPaused, RunResumed, StepStarted
from rundown.render.report import Bar
from rundown.session.report_time import draw_line


def at(second: float) -> str:
    return f"2026-01-01T00:{int(second) // 60:02d}:{second % 60:09.6f}Z"


def line_of(*told: tuple[float, Body]) -> object:
    return draw_line(
        Event(seq=seq, at=at(second), prev="", body=body) for seq, (second, body) in enumerate(told)
    )


STARTED, FINISHED = StepStarted(step="1"), RunFinished(status="completed")


def test_a_run_without_a_pause_is_as_long_as_it_took() -> None:
    line = line_of((0, STARTED), (10, FINISHED))
    assert line.bar(at(2), at(7)) == Bar(left=20.0, width=50.0)
    assert (line.ticks()[0], line.ticks()[-1], line.breaks()) == ((0.0, "0"), (100.0, "10.0 s"), ())


def test_pauses_have_no_length_and_are_told_where_they_were() -> None:
    pause = RunPaused(reason="denied", position="1")
    line = line_of((0, STARTED), (5, pause), (65, RunResumed()), (70, FINISHED))
    assert line.bar(at(0), at(5)) == Bar(left=0.0, width=50.0)
    assert line.bar(at(65), at(70)) == Bar(left=50.0, width=50.0)
    assert line.bar(at(4), at(66)) == Bar(left=40.0, width=20.0)
    assert line.breaks() == ((50.0, "Paused for 1 m 00 s after 5.0 s"),)


def test_a_process_that_died_paused_the_run_at_its_last_word() -> None:
    line = line_of((0, STARTED), (2, STARTED), (32, RunResumed()), (34, FINISHED))
    assert (line.length_ns, len(line.breaks())) == (4_000_000_000, 1)


def test_an_empty_log_has_an_empty_line() -> None:
    line = line_of()
    assert (line.ticks(), line.breaks(), line.percent(5)) == (((0.0, "0"),), (), 0.0)
