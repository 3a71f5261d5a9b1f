"""Shows a run: as text for a person, or as JSON lines for a program."""

import sys
from typing import BinaryIO

from rundown.model.digest import canonical_json
from rundown.model.event import Event, RunPaused
from rundown.record.ids import short_id
from rundown.render.diagnostic import render_diagnostics
from rundown.render.escape import visible
from rundown.render.output import OutputFilter
from rundown.render.refusal import RefusalReader
from rundown.render.style import Style
from rundown.render.terminal import TerminalReader
from rundown.session.ports import Stream


class TextFrontend:
    """Headers, output as it comes, results. `raw`: escape sequences of steps are not filtered. `earlier`:
    what an earlier process showed; it is known, and not shown again.

    Refusals go to standard error, all else to standard output, so that a log reads in order.
    """

    def __init__(
        self, run_id: str, style: Style, total: int, *, raw: bool = False, earlier: tuple[Event, ...] = ()
    ) -> None:
        self._run_id = run_id
        self._style = style
        self._reader = TerminalReader(style, total)
        self._refusals = RefusalReader()
        self._raw = raw
        self._filters: dict[Stream, OutputFilter] = {}
        self._line_open = False
        for event in earlier:
            self._reader.read(event.body)

    def show(self, event: Event) -> None:
        """Shows one event."""
        self._end_output()
        self._refusals.read(event.body)
        _write(sys.stdout.buffer, self._reader.read(event.body).encode())
        if isinstance(event.body, RunPaused) and event.body.reason == "denied":
            self._show_refusal()

    def output(self, stream: Stream, chunk: bytes) -> None:
        """Shows what a step prints, as it comes."""
        shown = chunk
        if not self._raw:
            if stream not in self._filters:
                self._filters[stream] = OutputFilter(color=self._style.color)
            shown = self._filters[stream].feed(chunk)
        if shown:
            self._line_open = not shown.endswith(b"\n")
            _write(sys.stdout.buffer if stream == "stdout" else sys.stderr.buffer, shown)

    def present(self, task: str) -> None:
        """Shows what a person is to do."""
        if task:
            text = "".join(f"  {line}".rstrip() + "\n" for line in visible(task, lines=True).split("\n"))
            _write(sys.stdout.buffer, text.encode())

    def _end_output(self) -> None:
        for stream, output_filter in self._filters.items():
            rest = output_filter.flush()
            _write(sys.stdout.buffer if stream == "stdout" else sys.stderr.buffer, rest)
        self._filters = {}
        if self._line_open:
            self._line_open = False
            _write(sys.stdout.buffer, b"\n")

    def _show_refusal(self) -> None:
        resume = f"rundown resume {short_id(self._run_id)}"
        text = render_diagnostics(self._refusals.diagnostics(resume), self._style)
        mend = self._refusals.mend(resume)
        if mend:
            text += f"\nto allow all of this and go on:\n  {mend}\n"
        _write(sys.stderr.buffer, text.encode())


class JsonFrontend:
    """One canonical JSON event a line on standard output; what steps print goes to standard error."""

    def show(self, event: Event) -> None:
        """Prints one event."""
        _write(sys.stdout.buffer, canonical_json(event) + b"\n")

    def output(self, stream: Stream, chunk: bytes) -> None:
        """Passes on what a step prints."""
        _write(sys.stderr.buffer, chunk)

    def present(self, task: str) -> None:
        """Shows what a person is to do, on standard error."""
        _write(sys.stderr.buffer, (task + "\n").encode() if task else b"")


def _write(stream: BinaryIO, content: bytes) -> None:
    if content:
        stream.write(content)
        stream.flush()
