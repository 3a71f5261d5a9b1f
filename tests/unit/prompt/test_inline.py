"""A question on a terminal of its own: restored settings, time-outs, a closed terminal, nobody answering."""

import os
import pty
import termios
import threading
import time

import pytest

from rundown.prompt.choice import Asking, ChoicePrompt
from rundown.prompt.inline import UndrawnError, Waiting, ask_inline
from rundown.render.style import Style
from tests.support.patience import PATIENCE_SECONDS


def prompt() -> ChoicePrompt[str]:
    choices = [("n", "no", "no"), ("y", "yes", "yes")]
    return ChoicePrompt(Asking(title="Go", sentence="on?", choices=choices), Style())


class Screen:
    """The other side of a terminal: what is drawn there, keys into it."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (24, 80))
        self.shown = b""
        self.drawn = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self, content: bytes) -> bool:
        """Returns whether it is shown, at once or soon."""
        until = time.monotonic() + PATIENCE_SECONDS
        while content not in self.shown and time.monotonic() < until:
            time.sleep(0.01)
        return content in self.shown

    def _read(self) -> None:
        try:
            while chunk := os.read(self.master, 4096):
                self.shown += chunk
                if b"Enter alone:" in self.shown:
                    self.drawn.set()
        except OSError:
            return


@pytest.fixture
def screen() -> Screen:
    return Screen()


def on_another_thread(screen: Screen, waiting: Waiting) -> tuple[threading.Thread, list[str]]:
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(ask_inline(prompt(), screen.slave, waiting)))
    thread.start()
    return thread, answers


def test_a_key_answers_and_the_terminal_is_as_it_was(screen: Screen) -> None:
    before = termios.tcgetattr(screen.slave)
    thread, answers = on_another_thread(screen, Waiting())
    assert screen.drawn.wait(30)
    assert termios.tcgetattr(screen.slave) != before
    os.write(screen.master, b"y")
    thread.join(30)
    assert (answers, termios.tcgetattr(screen.slave)) == (["yes"], before)
    assert screen.wait(b"\x1b[?25h")


def test_it_asks_the_terminal_nothing(screen: Screen) -> None:
    thread, _ = on_another_thread(screen, Waiting())
    assert screen.drawn.wait(30)
    os.write(screen.master, b"n")
    thread.join(30)
    assert screen.wait(b"\x1b[?25h")
    queries = (
        b"\x1b[6n",
        b"\x1b[c",
        b"$p",
        b"\x1b[>",
        b"\x1b[?u",
        b"\x1b[?1004h",
        b"\x1b[?1000h",
        b"\x1b[?1049h",
    )
    assert [query for query in queries if query in screen.shown] == []


def test_what_was_typed_before_it_could_be_seen_is_forgotten(screen: Screen) -> None:
    os.write(screen.master, b"nnnn")
    thread, answers = on_another_thread(screen, Waiting())
    assert screen.drawn.wait(30)
    assert answers == []
    os.write(screen.master, b"y")
    thread.join(30)
    assert answers == ["yes"]


def test_after_the_time_out_it_is_refused(screen: Screen) -> None:
    thread, answers = on_another_thread(screen, Waiting(patience_s=0.3))
    thread.join(30)
    assert answers == ["no"]


def test_a_closed_terminal_refuses(screen: Screen) -> None:
    thread, answers = on_another_thread(screen, Waiting())
    assert screen.drawn.wait(30)
    os.close(screen.master)
    thread.join(30)
    assert answers == ["no"]


def test_nobody_answering_is_told_once(screen: Screen) -> None:
    told = threading.Event()
    thread, _ = on_another_thread(screen, Waiting(bell_after_s=0.01, unheard=told.set))
    assert told.wait(30)
    assert screen.drawn.wait(30)
    os.write(screen.master, b"n")
    thread.join(30)
    assert screen.wait(b"\x1b[?25h")
    assert screen.shown.count(b"\x07") == 1


def test_what_cannot_be_drawn_answers_nothing(screen: Screen) -> None:
    class Broken(ChoicePrompt[str]):
        def parts(self) -> list[object]:
            raise ValueError("broken")

    before = termios.tcgetattr(screen.slave)
    choices = [("n", "no", "no")]
    with pytest.raises(UndrawnError):
        ask_inline(Broken(Asking(title="Go", sentence="on?", choices=choices), Style()), screen.slave)
    assert termios.tcgetattr(screen.slave) == before
    assert b"Traceback" not in screen.shown
