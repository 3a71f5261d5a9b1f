"""What is on the terminal at the same time: rundown's words, a step's output, a question, a sign of life."""

import io
import threading

import pytest

from rundown.cli.sheet import RESET, Sheet
from rundown.render.gutter import NO_WRAP, WRAP
from rundown.render.style import Style
from tests.support.patience import PATIENCE_SECONDS


def written(target: io.BytesIO) -> str:
    return target.getvalue().decode().replace(NO_WRAP, "").replace(WRAP, "")


def sheet(**more: bool) -> tuple[Sheet, io.BytesIO]:
    target = io.BytesIO()
    return Sheet(target, Style(width=20), lively=False, **more), target


def test_a_step_is_set_in_and_rundown_is_not() -> None:
    paper, target = sheet()
    paper.say("▶ 1 Build\n")
    paper.output(b"out\nopen")
    paper.say("✓ 1 passed\n")
    assert written(target) == "▶ 1 Build\n│ out\n│ open\n✓ 1 passed\n"


def test_what_a_step_prints_waits_while_a_person_is_asked() -> None:
    paper, target = sheet()
    paper.output(b"before\n")
    with paper.held():
        paper.output(b"meanwhile\n")
        assert written(target) == "│ before\n"
    assert written(target) == "│ before\n│ meanwhile\n"


def test_an_open_line_is_ended_before_a_question_is_drawn() -> None:
    paper, target = sheet()
    paper.output(b"10%")
    with paper.held():
        assert written(target) == "│ 10%\n"


def test_a_step_that_prints_without_end_neither_blocks_nor_fills_memory_while_held() -> None:
    paper, target = sheet()
    with paper.held():
        writer = threading.Thread(target=lambda: [paper.output(b"x" * 99 + b"\n") for _ in range(30_000)])
        writer.start()
        writer.join(timeout=PATIENCE_SECONDS)
        assert not writer.is_alive()
        assert written(target) == ""
    assert "MiB of output" in written(target)[:30]
    assert len(written(target)) < 3_000_000


def test_questions_may_be_held_one_inside_the_other() -> None:
    paper, target = sheet()
    with paper.held():
        with paper.held():
            paper.output(b"x\n")
        assert written(target) == ""
    assert written(target) == "│ x\n"


def test_an_interactive_step_may_draw_a_screen_and_leaves_none_of_it_behind() -> None:
    paper, target = sheet()
    paper.begin_step(interactive=True)
    paper.output(b"\x1b[?1049h\x1b[2;3Hedit\x1b[6n\x1b]52;c;eA==\x07")
    paper.end_step()
    paper.output(b"\x1b[2;3Hafter\n")
    shown = written(target)
    assert shown.startswith("\x1b[?1049h\x1b[2;3Hedit\n")
    assert shown.endswith(RESET.replace(WRAP, "") + "│ after\n")
    assert "\x1b[6n" not in shown
    assert "]52" not in shown


@pytest.mark.parametrize("raw", [b"\x1b[2J", b"plain\n"])
def test_raw_output_is_passed_on(raw: bytes) -> None:
    paper, target = sheet(raw=True)
    paper.output(raw)
    assert target.getvalue() == raw


def test_what_unicode_cannot_show_is_replaced_where_there_is_none() -> None:
    target = io.BytesIO()
    paper = Sheet(target, Style(width=20, unicode=False), lively=False)
    paper.output("ě\n".encode())
    assert written(target) == "| ?\n"
