"""`Sheet`: the terminal while a run is shown on it: what rundown says, what steps print, a sign of life.

One thing at a time is on it. While a person is asked (`held`), what steps print waits, and is shown after the
answer; of very much only the end is kept, since all of it is on record. Steps never reach the left edge.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from rundown.render.cells import fit_cells
from rundown.render.duration import render_duration, render_size
from rundown.render.gutter import NO_WRAP, WRAP, Gutter, hang
from rundown.render.output import OutputFilter
from rundown.render.style import Style

_QUIET_S = 2.0
_TICK_S = 0.2
_HELD_BYTES = 1 << 20
_FRAMES = ("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "-\\|/")
_MARK = "| "
_LAST_WAIT_S = 3.0
_ENDING = "asked the step to end; Ctrl-C again ends it at once"
_ERASE = "\r\x1b[K"
RESET = "\x1b[!p\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[0m"
"""What an interactive step may have left behind. Source: xterm's control sequences ."""


class Sheet:
    """On `target`, which is a terminal. `raw`: escape sequences of steps are passed on, with no gutter.
    `lively`: a sign of life while a step is quiet."""

    def __init__(self, target: BinaryIO, style: Style, *, raw: bool = False, lively: bool = True) -> None:
        self._target = target
        self._style = style
        self._raw = raw
        self._lively = lively
        self._lock = threading.Condition(threading.RLock())
        self._holder = 0
        self._is_ending = False
        self._columns = style.width
        bar = style.sign("bar")
        self._gutter = Gutter(f"{bar} ", style.width, painted=f"{style.paint(bar, 'dim')} ")
        self._given_away = False
        self._filter = self._new_filter()
        self._held = 0
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._lost_bytes = 0
        self._open_raw = False
        self._beat: _Beat | None = None
        self._sign_shown = False
        self.is_read = True

    @property
    def is_given_away(self) -> bool:
        """Whether a step has the terminal to itself."""
        return self._given_away

    def say(self, text: str) -> None:
        """Shows what rundown has to say, from the left edge; waits while a person is asked on another
        thread, but not for long where everything ends."""
        with self._lock:
            while self._held and self._holder != threading.get_ident():
                if not self._lock.wait(_LAST_WAIT_S) and self._is_ending:
                    break
            self.end_output()
            self._put(hang(text, self._columns).encode(errors="replace"))

    def output(self, chunk: bytes) -> None:
        """Shows what a step prints."""
        with self._lock:
            if self._held:
                self._keep(chunk)
            else:
                self._show(chunk)

    def begin_step(self, *, interactive: bool) -> None:
        """A step's process is about to start."""
        with self._lock:
            self.end_output()
            self._given_away = interactive
            self._filter = self._new_filter()
            if self._lively and not interactive:
                self._beat = _Beat(self._tick)

    def end_step(self) -> None:
        """A step's process has ended."""
        beat, self._beat = self._beat, None
        if beat is not None:
            beat.stop()
        with self._lock:
            self.end_output()
            if self._given_away:
                self._given_away = False
                self._filter = self._new_filter()
                self._put(RESET.encode())

    def end_output(self) -> None:
        """Ends the line that a step left open, and its colours."""
        with self._lock:
            self._wipe()
            if self._raw or self._given_away:
                self._put(b"\n" if self._open_raw else b"")
                self._open_raw = False
                return
            rest = self._filter.flush().decode()
            self._filter = self._new_filter()
            self._put(self._framed(self._gutter.feed(rest) + self._gutter.end()))

    @contextmanager
    def held(self) -> Iterator[None]:
        """While inside, nothing is written here: a person is being asked. May be used on any thread."""
        with self._lock:
            if not self._held:
                self.end_output()
            self._held += 1
            self._holder = threading.get_ident()
        try:
            yield
        finally:
            with self._lock:
                self._held -= 1
                if not self._held:
                    self._release()
                    self._lock.notify_all()

    def set_columns(self, columns: int) -> int:
        """Breaks lines at this width from now on; returns the columns that are left for a step."""
        if self._raw:
            self._columns = columns
            return columns
        self._columns = columns
        self._gutter.set_columns(columns)
        return max(1, columns - len(_MARK))

    def tell_ending(self) -> None:
        """Tells soon that the step was asked to end. Signal-safe."""
        self._is_ending = True
        if self._beat is not None:
            self._beat.ends = True

    def _keep(self, chunk: bytes) -> None:
        self._kept.append(chunk)
        self._kept_bytes += len(chunk)
        while self._kept_bytes > _HELD_BYTES and len(self._kept) > 1:
            gone = len(self._kept.pop(0))
            self._kept_bytes -= gone
            self._lost_bytes += gone

    def _release(self) -> None:
        kept, self._kept, self._kept_bytes = self._kept, [], 0
        lost, self._lost_bytes = self._lost_bytes, 0
        if lost:
            self.say(self._style.paint(f"{render_size(lost)} of output are on record only\n", "dim"))
        for chunk in kept:
            self._show(chunk)

    def _show(self, chunk: bytes) -> None:
        if self._beat is not None:
            self._beat.note()
        self._wipe()
        if self._raw or self._given_away:
            shown = chunk if self._raw else self._filter.feed(chunk)
            self._open_raw = not shown.endswith(b"\n") if shown else self._open_raw
            self._put(shown)
            return
        self._put(self._framed(self._gutter.feed(self._filter.feed(chunk).decode())))

    def _framed(self, text: str) -> bytes:
        if not text:
            return b""
        if not self._style.unicode:
            text = text.encode("ascii", "replace").decode()
        return f"{NO_WRAP}{text}{WRAP}".encode()

    def _put(self, content: bytes) -> None:
        try:
            if content:
                self._target.write(content)
                self._target.flush()
        except OSError:
            self.is_read = False

    def _new_filter(self) -> OutputFilter:
        return OutputFilter(color=self._style.color, in_line=True, screen=self._given_away)

    def _tick(self, beat: "_Beat") -> None:
        """Shows that a quiet step still runs, where no line is open."""
        with self._lock:
            if self._held or self._beat is not beat or self._gutter.is_open:
                return
            frames = _FRAMES[0 if self._style.unicode else 1]
            frame = frames[beat.count % len(frames)]
            text = f"{frame} {render_duration(int(beat.lasted_s) * 1_000_000_000)}"
            text += f"  {_ENDING}" if beat.ends else ""
            shown = fit_cells(text, self._columns - 1)
            self._put(f"{_ERASE}{self._style.paint(shown, 'dim')}".encode(errors="replace"))
            self._sign_shown = True

    def _wipe(self) -> None:
        if self._sign_shown:
            self._sign_shown = False
            self._put(_ERASE.encode())


class _Beat:
    """Calls `tick` now and then while a step is quiet, on a thread of its own."""

    def __init__(self, tick: Callable[["_Beat"], None]) -> None:
        self._began = self._noted = time.monotonic()
        self._over = threading.Event()
        self._tick = tick
        self.count = 0
        self.ends = False
        self._thread = threading.Thread(target=self._run, name="sign-of-life", daemon=True)
        self._thread.start()

    @property
    def lasted_s(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._began

    def note(self) -> None:
        """The step printed something."""
        self._noted = time.monotonic()

    def stop(self) -> None:
        """Returns when nothing more will be ticked."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_TICK_S):
            if self.ends or time.monotonic() - self._noted > _QUIET_S:
                self.count += 1
                self._tick(self)
