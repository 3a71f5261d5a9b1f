"""`render_report`: a run as one HTML page: self-contained, without scripts, in light and dark.

Every text is escaped by the template engine and made visible before; the page may load nothing from
anywhere, and says so itself (Content-Security-Policy). Pure: what it shows is handed to it.
"""

from collections.abc import Iterable

from msgspec import Struct

from rundown.render.escape import visible
from rundown.render.output import OutputFilter

_MOST_OUTPUT = 192 * 1024


class Mark(Struct, frozen=True, kw_only=True):
    """A word in a small frame. `tone`: pass, fail, wait or dim."""

    text: str
    tone: str = "dim"


class Fact(Struct, frozen=True, kw_only=True):
    """A name and what stands for it. `code`: it is text for machines."""

    name: str
    text: str
    code: bool = False


class Bar(Struct, frozen=True, kw_only=True):
    """Where a step lies on the line of time, in percent of the run's own time."""

    left: float
    width: float


class DecisionRow(Struct, frozen=True, kw_only=True):
    """What was decided for one thing. `outcome`: allow, ask, deny."""

    outcome: str
    capability: str
    resource: str
    by: str
    answer: str = ""


class FileRow(Struct, frozen=True, kw_only=True):
    """What became of a file: created, changed, removed."""

    kind: str
    path: str


class Span(Struct, frozen=True, kw_only=True):
    """A piece of text; `kind` are the classes of its look, "" for none."""

    text: str
    kind: str = ""


class StepView(Struct, frozen=True, kw_only=True):
    """One attempt of one unit. `tone`: pass, fail, wait. `output` in pieces; `note` of the person or rule."""

    anchor: str
    position: str
    title: str
    tone: str
    ending: str
    duration: str
    bar: Bar
    marks: tuple[Mark, ...] = ()
    note: str = ""
    language: str = ""
    command: str = ""
    decisions: tuple[DecisionRow, ...] = ()
    output: tuple[Span, ...] = ()
    output_cut: str = ""
    files: tuple[FileRow, ...] = ()
    diff: tuple[Span, ...] = ()
    network: tuple[DecisionRow, ...] = ()
    facts: tuple[Fact, ...] = ()

    @property
    def has_more(self) -> bool:
        """Whether there is anything to unfold."""
        return bool(self.command or self.decisions or self.output or self.files or self.network or self.facts)


class ReceiptView(Struct, frozen=True, kw_only=True):
    """Whether the receipt holds. `checks`: what was looked at and found good; `findings`: what was not."""

    tone: str
    verdict: str
    checks: tuple[str, ...] = ()
    findings: tuple[Fact, ...] = ()
    disclosures: tuple[Fact, ...] = ()
    facts: tuple[Fact, ...] = ()


class RunView(Struct, frozen=True, kw_only=True):
    """One run, or a part of one. `above`: the position of the unit that it stands in for. `breaks`: where
    on the line of time it was paused, and for how long."""

    title: str
    status: Mark
    message: str
    facts: tuple[Fact, ...]
    steps: tuple[StepView, ...]
    ticks: tuple[tuple[float, str], ...] = ()
    breaks: tuple[tuple[float, str], ...] = ()
    above: str = ""


class Report(Struct, frozen=True, kw_only=True):
    """The whole page. `runs`: the run, then those that stood in for its units, each behind its parent."""

    runs: tuple[RunView, ...]
    numbers: tuple[Fact, ...] = ()
    network: tuple[DecisionRow, ...] = ()
    files: tuple[FileRow, ...] = ()
    asks: tuple[DecisionRow, ...] = ()
    gaps: tuple[Fact, ...] = ()
    violations: tuple[Fact, ...] = ()
    unseen: tuple[str, ...] = ()
    receipt: ReceiptView | None = None
    made: str = ""


def render_report(report: Report, template: str) -> str:
    """Returns the page. `template` is the text of `report.html.j2`."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["seen"] = lambda text: visible(str(text))
    environment.filters["block"] = lambda text: visible(str(text), lines=True)
    return environment.from_string(template).render(report=report, run=report.runs[0])


def output_spans(content: bytes) -> tuple[tuple[Span, ...], str]:
    """Returns what a step printed in pieces with their colours, and in words how much was left out. Of a line
    that was written over (a progress bar), the last state counts."""
    from rich.text import Text

    shown = OutputFilter(color=True)
    text, cut = _middle_out((shown.feed(content.rstrip()) + shown.flush()).decode())
    lines = (line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))
    painted = Text.from_ansi("\n".join(lines))
    found: list[Span] = []
    done = 0
    for span in sorted(painted.spans):
        if span.start < done or span.start == span.end:
            continue
        found += _plain(painted.plain[done : span.start])
        kind = "" if isinstance(span.style, str) else _classes(span.style)
        found.append(Span(text=painted.plain[span.start : span.end], kind=kind))
        done = span.end
    found += _plain(painted.plain[done:])
    return tuple(found), cut


def diff_spans(content: bytes) -> tuple[Span, ...]:
    """Returns the lines of a unified diff, each as what it is."""
    text, cut = _middle_out(content.decode("utf-8", "replace").rstrip("\n"))
    lines = [Span(text=f"{line}\n", kind=_diff_kind(line)) for line in text.split("\n")] if text else []
    return (*lines, Span(text=cut, kind="dim")) if cut else tuple(lines)


def _plain(text: str) -> Iterable[Span]:
    return (Span(text=text),) if text else ()


def _middle_out(text: str) -> tuple[str, str]:
    if len(text) <= _MOST_OUTPUT:
        return text, ""
    half = _MOST_OUTPUT // 2
    left_out = len(text) - 2 * half
    cut = f"{left_out:,} characters in the middle are left out here; the run's directory holds all of them"
    return f"{text[:half]}\n\n… {left_out:,} characters …\n\n{text[-half:]}", cut


_COLORS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


def _classes(style: object) -> str:
    """The sixteen colours and the looks that a page can follow in light and dark; others are left plain."""
    words = [name for name in ("bold", "dim", "italic", "underline") if getattr(style, name, None)]
    color = getattr(style, "color", None)
    number = getattr(color, "number", None)
    if number is not None and number < 16:
        words.append(f"c-{_COLORS[number % 8]}")
    return " ".join(words)


def _diff_kind(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return "diff-file"
    return {"@": "diff-hunk", "+": "diff-add", "-": "diff-del"}.get(line[:1], "")
