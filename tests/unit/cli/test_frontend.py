"""What reaches which stream: events, output, refusals; and what happens when nobody reads."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rundown.cli.frontend import JsonFrontend, TextFrontend
from rundown.model.event import (
    Body,
    DecisionMade,
    Event,
    ProcessEnded,
    RunFinished,
    RunPaused,
    RunStarted,
    StepFinished,
    StepStarted,
)
from rundown.model.policy import Outcome
from rundown.model.sandbox import ProcessResult
from rundown.render.style import Style
from tests.support.policies import decide, rules, run

STEP = StepStarted(step="1", title="Build")
FINISHED = StepFinished(step="1", result="pass", reported_by="process")
ENDED = ProcessEnded(
    request="r",
    position="1",
    result=ProcessResult(ending="exited", status=0, duration_ns=2_000_000),
    output="o",
    output_digest="d",
)
HOSTILE = b"\x1b]0;title\x07\x1b[2J\x1b[31mred\x1b[0m \x1b]52;c;cm0=\x07end\n"


def event(body: Body, seq: int = 0) -> Event:
    return Event(seq=seq, at="2026-01-01T00:00:00.000000Z", prev="", body=body)


def text(style: Style = Style(), **more: object) -> TextFrontend:  # noqa: B008 - a frozen value
    return TextFrontend("rundown resume 09a0", style, 2, **more)  # type: ignore[arg-type]


def printed(capsysbinary: pytest.CaptureFixture[bytes]) -> tuple[str, str]:
    out, err = capsysbinary.readouterr()
    return out.decode(), err.decode()


# --- for a person ---------------------------------------------------------------------------------------


def test_a_step_is_shown_with_its_output_in_order(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    front = text()
    front.show(event(STEP))
    front.output("stdout", b"out\n")
    front.output("stderr", b"err\n")
    front.show(event(ENDED))
    front.show(event(FINISHED))
    assert printed(capsysbinary) == ("\n▶ 1 Build  [1/2]\nout\n✓ 1 passed  2 ms\n", "err\n")


def test_an_open_line_is_closed_before_anything_else_is_said(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    front = text()
    front.output("stdout", b"no line end")
    front.show(event(FINISHED))
    assert printed(capsysbinary)[0] == "no line end\n✓ 1 passed\n"


@pytest.mark.parametrize(
    ("style", "raw", "shown"),
    [
        (Style(), False, b"red end\n"),
        (Style(color=True), False, b"\x1b[31mred\x1b[0m end\n\x1b[0m"),
        (Style(), True, HOSTILE),
    ],
    ids=["plain", "coloured", "raw"],
)
def test_output_moves_no_cursor_and_sets_no_title_unless_it_is_wanted(
    style: Style, raw: bool, shown: bytes, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    front = text(style, raw=raw)
    for at in range(0, len(HOSTILE), 3):
        front.output("stdout", HOSTILE[at : at + 3])
    front.show(event(ENDED))
    assert capsysbinary.readouterr().out == shown


def test_a_task_is_shown_and_can_draw_nothing(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    front = text()
    front.present("Call Ada\x1b[2J\n\n\tthen wait\u202e")
    front.present("")
    assert printed(capsysbinary) == ("  Call Ada\\x1b[2J\n\n          then wait<U+202E>\n", "")


def test_a_refusal_is_told_beside_with_its_mend(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    found = decide(rules(), run("deploy-tool"), run("tac"))
    rulings = tuple(
        type(item)(operation=item.operation, outcome=Outcome.DENY, why=item.why, fix=item.fix)
        for item in found.rulings
    )
    front = text()
    front.show(
        event(DecisionMade(request="r", position="1", outcome="deny", rulings=rulings, frozen=found.request))
    )
    front.show(event(RunPaused(reason="denied", position="1", detail="run deploy-tool, run tac")))
    out, err = printed(capsysbinary)
    assert out == "\n⏸ paused at step 1 (denied): run deploy-tool, run tac\n"
    assert err.splitlines()[0] == "error[policy/denied]: step 1 may not run `deploy-tool`"
    assert err.endswith(
        "\nto allow all of this and go on:\n  rundown resume 09a0 --allow-run deploy-tool --allow-run tac\n"
    )


def test_another_pause_tells_no_refusal(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    text().show(event(RunPaused(reason="waiting", position="1")))
    assert printed(capsysbinary) == ("\n⏸ paused at step 1 (waiting)\n", "")


def test_what_an_earlier_process_showed_is_known_and_not_shown_again(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    front = text(earlier=(event(STEP), event(ENDED), event(FINISHED)))
    front.show(event(StepStarted(step="2", title="Test")))
    assert printed(capsysbinary) == ("\n▶ 2 Test  [2/2]\n", "")


# --- for a program --------------------------------------------------------------------------------------


def test_events_are_lines_of_json_and_nothing_else_is_on_standard_output(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    front = JsonFrontend()
    front.show(event(STEP))
    front.output("stdout", b"out\n")
    front.output("stderr", b"err\n")
    front.present("Call Ada\x1b[2J")
    front.present("")
    front.show(event(FINISHED, seq=1))
    out, err = printed(capsysbinary)
    assert [(line["seq"], line["body"]["type"]) for line in map(json.loads, out.splitlines())] == [
        (0, "StepStarted"),
        (1, "StepFinished"),
    ]
    assert err == "out\nerr\nCall Ada\\x1b[2J\n"


@pytest.mark.parametrize(("raw", "shown"), [(False, b"red end\n"), (True, HOSTILE)])
def test_output_beside_json_is_filtered_as_well(
    raw: bool, shown: bytes, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    front = JsonFrontend(raw=raw)
    front.output("stdout", HOSTILE)
    front.show(event(ENDED))
    assert capsysbinary.readouterr().err == shown


# --- when nobody reads ----------------------------------------------------------------------------------


@pytest.fixture(params=["text", "json"])
def front(request: pytest.FixtureRequest) -> TextFrontend | JsonFrontend:
    return text() if request.param == "text" else JsonFrontend()


@contextmanager
def printing_to(path_or_fd: str | int) -> Iterator[None]:
    """Standard output goes there; what could not be written is forgotten."""
    with open(path_or_fd, "w", closefd=isinstance(path_or_fd, str)) as stream:
        before, sys.stdout = sys.stdout, stream
        try:
            yield
        finally:
            sys.stdout = before
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


@contextmanager
def nobody_reading() -> Iterator[None]:
    """Standard output is a pipe whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    with printing_to(writer):
        yield
    os.close(writer)


def test_a_step_under_way_is_not_torn_off(front: TextFrontend | JsonFrontend) -> None:
    with nobody_reading():
        front.output("stdout", b"out\n")
        for body in (ENDED, FINISHED, RunFinished(status="completed")):
            front.show(event(body))


def test_the_next_step_does_not_begin_unseen(front: TextFrontend | JsonFrontend) -> None:
    with nobody_reading():
        front.show(event(FINISHED))
        with pytest.raises(KeyboardInterrupt):
            front.show(event(STEP))


def test_the_pause_that_follows_is_shown_to_nobody(front: TextFrontend | JsonFrontend) -> None:
    with nobody_reading():
        with pytest.raises(KeyboardInterrupt):
            front.show(event(STEP))
        front.show(event(RunPaused(reason="interrupted", position="1")))


def test_a_full_disk_is_nobody_reading(front: TextFrontend | JsonFrontend) -> None:
    with printing_to("/dev/full"), pytest.raises(KeyboardInterrupt):
        front.show(event(STEP))


def test_each_event_says_of_which_run_it_is_also_when_a_run_goes_on(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    started = Event(
        seq=0,
        at="",
        prev="",
        body=RunStarted(run_id="r1", runbook_file="a.md", runbook_digest="", root="/", rundown_version="0"),
    )
    later = Event(seq=1, at="", prev="", body=StepStarted(step="1"))
    first, again = JsonFrontend(), JsonFrontend(earlier=(started,))
    first.show(started)
    first.show(later)
    again.show(later)
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [line["run_id"] for line in lines] == ["r1", "r1", "r1"]
