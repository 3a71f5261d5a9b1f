"""Shows a run: as text for a person, or as JSON lines for a program.

Where nobody reads standard output any more, a run goes no further than the step that is under way: it is
interrupted where the next one begins, so that nothing happens unseen and nothing is torn off half done.
"""

import sys
from collections.abc import Iterable
from typing import BinaryIO

import msgspec

from rundown.cli.runner_streams import runner_safe_json
from rundown.cli.sheet import Sheet
from rundown.model.digest import canonical_json
from rundown.model.event import (
    DecisionMade,
    Event,
    LaunchFailed,
    LaunchRequested,
    ProcessEnded,
    RunPaused,
    RunStarted,
    StepStarted,
)
from rundown.render.diagnostic import render_diagnostics
from rundown.render.escape import visible
from rundown.render.gutter import Gutter
from rundown.render.output import OutputFilter
from rundown.render.refusal import RefusalReader
from rundown.render.style import Style
from rundown.render.terminal import TerminalReader
from rundown.session.ports import Stream


class TextFrontend:
    """Headers, output as it comes, results. `raw`: escape sequences of steps are not filtered.

    `resume`: the command that goes on with the run, to which a mend's flag is added. `earlier`: what an
    earlier process showed; it is known, and not shown again. Refusals go to standard error, all else to
    standard output, so that a log reads in order. `sheet`: standard output, if it is a terminal.
    """

    def __init__(
        self,
        resume: str,
        style: Style,
        total: int,
        *,
        raw: bool = False,
        earlier: Iterable[Event] = (),
        sheet: Sheet | None = None,
    ) -> None:
        self._sheet = sheet
        self._is_interactive = False
        self._resume = resume
        self._style = style
        self._reader = TerminalReader(style, total)
        self._refusals = RefusalReader()
        self._printed = _Printed(color=style.color, raw=raw)
        self._line_open = False
        self._is_read = True
        for event in earlier:
            self._reader.read(event.body)

    def show(self, event: Event) -> None:
        """Shows one event.

        Raises:
            KeyboardInterrupt: nobody reads any more, and a step is about to begin.
        """
        body = event.body
        self._end_output()
        if self._sheet is not None and isinstance(body, ProcessEnded | LaunchFailed | RunPaused):
            self._sheet.end_step()
        self._refusals.read(body)
        self._write("stdout", self._reader.read(body).encode())
        if isinstance(body, RunPaused) and body.reason == "denied":
            self._write("stderr", self._refusal().encode())
        if isinstance(body, DecisionMade) and body.frozen is not None:
            self._is_interactive = body.frozen.interactive
        if self._sheet is not None and isinstance(body, LaunchRequested):
            self._sheet.begin_step(interactive=self._is_interactive)
        if isinstance(body, StepStarted) and not self._is_read:
            raise KeyboardInterrupt

    def output(self, stream: Stream, chunk: bytes) -> None:
        """Shows what a step prints, as it comes."""
        if self._sheet is not None:
            self._sheet.output(chunk)
            return
        shown = self._printed.feed(stream, chunk)
        if shown:
            self._line_open = not shown.endswith(b"\n")
            self._write(stream, shown)

    def present(self, task: str) -> None:
        """Shows what a person is to do."""
        if task:
            text = render_task(task, self._style)
            self._write("stdout", text.encode())

    def _end_output(self) -> None:
        if self._sheet is not None:
            self._sheet.end_output()
            return
        for stream, rest in self._printed.end():
            self._write(stream, rest)
        if self._line_open:
            self._line_open = False
            self._write("stdout", b"\n")

    def _refusal(self) -> str:
        text = render_diagnostics(self._refusals.diagnostics(self._resume), self._style)
        mend = self._refusals.mend(self._resume)
        return text + (f"\nto allow all of this and go on:\n  {mend}\n" if mend else "")

    def _write(self, stream: Stream, content: bytes) -> None:
        if self._sheet is not None and stream == "stdout":
            self._sheet.say(content.decode())
            self._is_read = self._sheet.is_read
            return
        self._is_read = _write(stream, content) and self._is_read


def render_task(task: str, style: Style) -> str:
    """Returns what a person is to do, every line of it set in from the left edge."""
    gutter = Gutter("  ", style.width)
    return gutter.feed(visible(task.rstrip("\n"), lines=True)) + gutter.end()


class JsonFrontend:
    """One canonical JSON event a line on standard output, as it is stored but for `run_id`, which says of
    which run it is: a run and those below it share the stream. What steps print goes to standard error,
    filtered as for a person unless `raw`. `earlier`: what an earlier process showed."""

    def __init__(self, *, color: bool = False, raw: bool = False, earlier: Iterable[Event] = ()) -> None:
        self._printed = _Printed(color=color, raw=raw)
        self._is_read = True
        self._run_id = next((_started(event) for event in earlier if _started(event)), "")

    def show(self, event: Event) -> None:
        """Prints one event.

        Raises:
            KeyboardInterrupt: nobody reads any more, and a step is about to begin.
        """
        for _, rest in self._printed.end():
            _write("stderr", rest)
        self._run_id = _started(event) or self._run_id
        line = canonical_json({**msgspec.to_builtins(event), "run_id": self._run_id})
        self._is_read = _write("stdout", runner_safe_json(line) + b"\n") and self._is_read
        if isinstance(event.body, StepStarted) and not self._is_read:
            raise KeyboardInterrupt

    def output(self, stream: Stream, chunk: bytes) -> None:
        """Passes on what a step prints."""
        _write("stderr", self._printed.feed(stream, chunk))

    def present(self, task: str) -> None:
        """Shows what a person is to do, on standard error."""
        _write("stderr", (visible(task, lines=True) + "\n").encode() if task else b"")


def _started(event: Event) -> str:
    return event.body.run_id if isinstance(event.body, RunStarted) else ""


class _Printed:
    """What may be shown of what a step prints; a filter for each stream, from its first byte to its end."""

    def __init__(self, *, color: bool, raw: bool) -> None:
        self._color = color
        self._raw = raw
        self._filters: dict[Stream, OutputFilter] = {}

    def feed(self, stream: Stream, chunk: bytes) -> bytes:
        if self._raw:
            return chunk
        if stream not in self._filters:
            self._filters[stream] = OutputFilter(color=self._color)
        return self._filters[stream].feed(chunk)

    def end(self) -> list[tuple[Stream, bytes]]:
        filters, self._filters = self._filters, {}
        return [(stream, output_filter.flush()) for stream, output_filter in filters.items()]


def _write(stream: Stream, content: bytes) -> bool:
    """Returns whether it arrived. A stream that nobody reads is no reason to end; standard error is no
    reason to pause either."""
    target: BinaryIO = sys.stdout.buffer if stream == "stdout" else sys.stderr.buffer
    try:
        if content:
            target.write(content)
            target.flush()
    except OSError:
        return stream == "stderr"
    return True
