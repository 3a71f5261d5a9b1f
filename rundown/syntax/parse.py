"""Markdown in, `Runbook` or diagnostics out. Never raises, whatever the bytes are.

All problems of a document are found in one pass and reported in the order of its lines; a runbook is
only given if none of them is an error.
"""

from msgspec import Struct
from msgspec.structs import replace

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.digest import digest_file
from rundown.model.runbook import Runbook, Step
from rundown.syntax.build import build_steps
from rundown.syntax.codes import Code
from rundown.syntax.document import Bullet, Fence, Prose, read_blocks
from rundown.syntax.front import read_head
from rundown.syntax.near_misses import report_hidden
from rundown.syntax.outline import Outline, read_outline
from rundown.syntax.source import Source, read_source
from rundown.syntax.targets import check_targets, jumps
from rundown.syntax.unit import join_prose, report_unclosed

MAX_DIAGNOSTICS = 50


class Parsed(Struct, frozen=True, kw_only=True):
    """A runbook and what there is to say of it. `runbook` is None iff a diagnostic is an error.

    At most 51 diagnostics, by line; if there are more, the last one says how many.
    """

    runbook: Runbook | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(item for item in self.diagnostics if item.severity == "error")


def parse_runbook(source: bytes, file: str) -> Parsed:
    """Returns the runbook in `source`, or everything that is wrong with it. `file` is only a name here."""
    read = read_source(source, file)
    if isinstance(read, Diagnostic):
        return Parsed(runbook=None, diagnostics=(read,))
    report: list[Diagnostic] = []
    runbook = _parse(read, digest_file(source), report)
    failed = any(item.severity == "error" for item in report)
    return Parsed(runbook=None if failed else runbook, diagnostics=tidy(report, file))


def _parse(source: Source, digest: str, report: list[Diagnostic]) -> Runbook:
    head = read_head(source, report)
    outline = read_outline(source, read_blocks(source, head.body_line), report)
    steps = build_steps(source, outline, report)
    check_targets(steps, report)
    _check_numbers(steps, report)
    _once(report, Code.COLON)
    _once(report, Code.SHORT_RETRY)
    return Runbook(
        file=source.file,
        front=head.front,
        title=outline.title,
        description=_preamble(source, outline, report),
        steps=steps,
        digest=digest,
    )


def _preamble(source: Source, outline: Outline, report: list[Diagnostic]) -> str:
    """Returns the text above the first step; a block in it that will not run, or not end, is reported."""
    ranges = []
    for block in outline.preamble:
        if isinstance(block, Fence | Prose):
            report_unclosed(source, block, report)
        if isinstance(block, Fence):
            report_hidden(source, (block,), report)
        elif isinstance(block, Bullet | Prose):
            report_hidden(source, block.fences, report)
            ranges.append((block.line, block.end))
    return join_prose(source, ranges)


def _check_numbers(steps: tuple[Step, ...], report: list[Diagnostic]) -> None:
    """Headings of prose each become a named step, and none of them follows another: say so once."""
    if len(steps) > 1 and all(step.named for step in steps) and next(jumps(steps), None) is None:
        report.append(
            Code.NOTHING_NUMBERED.at(
                steps[0].span,
                f"none of the {len(steps)} steps is numbered, so only the first would run",
                why="`## Name …` is a step that only a GOTO reaches; steps in a row have numbers",
                fix=f"number them: `## 1. {steps[0].span.excerpt.lstrip('# ').strip() or 'Install'}`",
            )
        )


def _once(report: list[Diagnostic], code: Code) -> None:
    """Keeps the first diagnostic of an older form, saying in how many lines it is."""
    found = [item for item in report if item.code == f"syntax/{code.kebab}"]
    if len(found) > 1:
        first = min(found, key=_position)
        report[:] = [item for item in report if item.code != first.code]
        report.append(replace(first, message=f"{first.message} (in {len(found)} lines)"))


def tidy(report: list[Diagnostic], file: str) -> tuple[Diagnostic, ...]:
    """Returns the diagnostics by line, at most 50 and one that counts the rest; errors are kept first."""
    ordered = sorted(report, key=_position)
    if len(ordered) <= MAX_DIAGNOSTICS:
        return tuple(ordered)
    by_weight = sorted(ordered, key=lambda item: (item.severity != "error", _position(item)))
    kept, rest = by_weight[:MAX_DIAGNOSTICS], by_weight[MAX_DIAGNOSTICS:]
    errors = sum(item.severity == "error" for item in rest)
    last = Diagnostic(
        code="syntax/and-more",
        message=f"and {len(rest)} more ({errors} errors, {len(rest) - errors} warnings)",
        span=Span(file=file, line=rest[0].span.line if rest[0].span else 1),
        fix="mend those above first; many come from one cause",
        severity="error" if errors else "warning",
    )
    return (*sorted(kept, key=_position), last)


def _position(item: Diagnostic) -> tuple[int, int]:
    return (item.span.line, item.span.column) if item.span is not None else (0, 0)
