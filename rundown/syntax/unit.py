"""The content of one step or substep, in the order that the language asks for.

OUTPUTS, FOR, transitions, prompt, body: what stands out of order is reported and still read, so that one
pass over a document finds everything.
"""

import re
from enum import IntEnum

from msgspec import Struct, field

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import Complete, Loop, ReferenceBody, Stop
from rundown.syntax.codes import Code
from rundown.syntax.document import Block, Bullet, Fence, Prose
from rundown.syntax.fence import FenceBody, parse_fence
from rundown.syntax.loop import is_loop, parse_loop
from rundown.syntax.near_misses import report_hidden, report_line
from rundown.syntax.outputs import bad, read_names
from rundown.syntax.source import Source
from rundown.syntax.transition import Line, is_transition, parse_transition

_OUTPUTS = re.compile(r"OUTPUTS\s*:?")
_REFERENCE = re.compile(r"\S*\.runbook\.md|\{\{[A-Za-z_][A-Za-z0-9_.-]*\}\}")
_BRACED = re.compile(r"\{\{[ \t]*([^{}\s]+)[ \t]*\}\}")
_UNSUPPORTED = {
    "INPUTS": "declare them in the front matter: `inputs: [Name]`",
    "ARTIFACTS": "write the file's path into an OUTPUTS variable",
    "DELEGATE": "let an agent do the step: a block that opens with ```agent",
}


class Stage(IntEnum):
    """How far down the order a unit has been read."""

    START = 0
    OUTPUTS = 1
    FOR = 2
    TRANSITIONS = 3
    PROMPT = 4
    BODY = 5


class Content(Struct, kw_only=True):
    """What stands in a unit. `nested` are the lines below FOR, None if there is no nested bullet; `fence` is
    the place of the first block, also of one that is no body."""

    outputs: tuple[str, ...] = ()
    loop: Loop | None = None
    nested: list[Line] | None = None
    lines: list[Line] = field(default_factory=list)
    prompt: str = ""
    body: FenceBody | None = None
    references: list[ReferenceBody] = field(default_factory=list)
    fence: Span | None = None


def read_content(source: Source, blocks: list[Block], report: list[Diagnostic], *, substep: bool) -> Content:
    """Returns the content of a unit; problems are appended to `report`."""
    reader = _Reader(source, report, substep)
    for block in blocks:
        reader.take(block)
    return reader.finish()


class _Reader:
    def __init__(self, source: Source, report: list[Diagnostic], substep: bool) -> None:
        self._source = source
        self._report = report
        self._substep = substep
        self._stage = Stage.START
        self._content = Content()
        self._prose: list[tuple[int, int]] = []
        self._outputs_seen = False
        self._late_prompt = False

    def take(self, block: Block) -> None:
        match block:
            case Bullet():
                self._bullet(block)
            case Fence():
                self._fence(block)
            case Prose():
                self._paragraph(block)
            case _:
                raise AssertionError("headings open units and are not in them")

    def finish(self) -> Content:
        self._content.prompt = join_prose(self._source, self._prose)
        return self._content

    def _bullet(self, bullet: Bullet) -> None:
        first, *more = bullet.text.split("\n")
        text = first.strip()
        span = self._source.locate(bullet.text_line, text)
        if _OUTPUTS.fullmatch(text):
            self._outputs(bullet, span)
        elif is_loop(text):
            whole, below = self._wrapped(bullet, text, more)
            self._loop(bullet, whole, span)
            self._lines_below(below)
        elif is_transition(text):
            whole, below = self._wrapped(bullet, text, more)
            self._transition(bullet, whole, span)
            self._lines_below(below)
        elif text.rstrip(":") in _UNSUPPORTED:
            word = text.rstrip(":")
            self._add(Code.UNSUPPORTED_DIRECTIVE, span, f"`{word}` is not supported", fix=_UNSUPPORTED[word])
        elif not more and _REFERENCE.fullmatch(path := _BRACED.sub(r"{{\1}}", text)):
            self._reference(bullet, path, span)
        else:
            report_line(self._source, bullet.text_line, text, self._report, bullet=True)
            self._text(bullet.line, bullet.end, span, bullet.fences)

    def _add(self, code: Code, span: Span, message: str, *, fix: str, why: str = "") -> None:
        self._report.append(code.at(span, message, fix=fix, why=why))

    def _wrapped(self, bullet: Bullet, text: str, more: list[str]) -> tuple[str, range]:
        """Returns the directive with its further lines if they are indented, and the lines that are not.

        Those belong to the same paragraph for Markdown, and to the prompt here.
        """
        at = bullet.text_line + 1
        for line in more:
            if self._source.lines[at][:1] not in (" ", "\t"):
                break
            text += " " + line.strip()
            at += 1
        return text, range(at, bullet.text_line + 1 + len(more))

    def _outputs(self, bullet: Bullet, span: Span) -> None:
        if self._outputs_seen:
            self._report.append(
                bad(span, "OUTPUTS for the second time", fix="put all names below the first one")
            )
        elif self._stage is Stage.TRANSITIONS and self._content.loop is None:
            self._add(
                Code.LATE_OUTPUTS,
                span,
                "OUTPUTS below the transitions",
                fix="put it first, right below the heading",
            )
        elif self._stage > Stage.OUTPUTS:
            self._report.append(bad(span, "OUTPUTS too late", fix="put it first, right below the heading"))
        self._outputs_seen = True
        self._stage = max(self._stage, Stage.OUTPUTS)
        names = read_names(self._source, bullet, span, self._report)
        self._content.outputs = tuple(dict.fromkeys((*self._content.outputs, *names)))

    def _loop(self, bullet: Bullet, text: str, span: Span) -> None:
        problem = None
        if self._substep:
            problem = "FOR on a substep", "put it on the step above; its substeps are what is repeated"
        elif self._content.loop is not None:
            problem = "a second FOR", "one step has one loop; make a step of its own for the other"
        elif self._stage > Stage.FOR:
            problem = "FOR too late", "put it above the transitions, right below the heading"
        if problem is not None:
            self._add(Code.MISPLACED_FOR, span, problem[0], fix=problem[1])
        self._stage = max(self._stage, Stage.FOR)
        loop = parse_loop(text, span)
        if isinstance(loop, Diagnostic):
            self._report.append(loop)
        elif problem is None:
            self._content.loop = loop
        if bullet.nested:
            lines = [self._nested(item) for item in bullet.nested]
            self._content.nested = [line for line in lines if line is not None]
        if bullet.more:
            self._report.append(_bad_nested(span, "text below FOR"))

    def _nested(self, item: Bullet) -> Line | None:
        text = " ".join(item.text.split("\n"))
        span = self._source.locate(item.text_line, item.text.split("\n")[0].strip())
        if not is_transition(text) or item.nested or item.more:
            self._report.append(_bad_nested(span, f"`{text}` below FOR"))
            return None
        return self._line(text, span)

    def _line(self, text: str, span: Span) -> Line | None:
        line = parse_transition(text, span)
        if isinstance(line, Diagnostic):
            self._report.append(line)
            return None
        if line.colon:
            self._add(
                Code.COLON,
                span,
                "a colon in a transition, the older form",
                fix="leave it out: `- PASS CONTINUE`",
            )
        if line.short:
            self._report.append(_short(line, span))
        return line

    def _transition(self, bullet: Bullet, text: str, span: Span) -> None:
        if self._stage > Stage.TRANSITIONS:
            where = "prompt text" if self._stage is Stage.PROMPT else "body"
            self._add(
                Code.LATE_TRANSITION,
                span,
                f"a transition below the {where}",
                why="where a step goes is read first: transitions, then text, then the block",
                fix="move it up, right below the heading",
            )
        else:
            self._stage = Stage.TRANSITIONS
        if bullet.nested or bullet.more:
            self._add(
                Code.BAD_ACTION,
                span,
                "a transition with something indented below it",
                fix="end the list with an empty line and do not indent what follows",
            )
        line = self._line(text, span)
        if line is not None:
            self._content.lines.append(line)

    def _lines_below(self, lines: range) -> None:
        for line in lines:
            report_line(self._source, line, self._source.lines[line].strip(), self._report)
        if lines:
            span = self._source.locate(lines[0], self._source.lines[lines[0]].strip())
            self._text(lines.start, lines.stop, span, ())

    def _reference(self, bullet: Bullet, path: str, span: Span) -> None:
        if self._content.fence is not None:
            self._mixed(
                span, "a runbook beside a fenced block", "give the runbook a step or substep of its own"
            )
        if bullet.nested or bullet.more:
            self._report.append(_late_prompt(span))
        if self._substep and self._content.references:
            self._mixed(span, "a second runbook in a substep", "give it a substep of its own")
        self._stage = Stage.BODY
        self._content.references.append(ReferenceBody(path=path, span=span))

    def _mixed(self, span: Span, message: str, fix: str) -> None:
        self._add(Code.MIXED_BODY, span, message, fix=fix)

    def _fence(self, fence: Fence) -> None:
        span = self._source.locate(fence.line, fence.info or "```")
        report_unclosed(self._source, fence, self._report)
        if self._content.fence is not None:
            self._add(
                Code.SECOND_FENCE,
                span,
                f"a second block in one unit; the first is in line {self._content.fence.line}",
                why="a step has one body, so that its outcome is the outcome of one thing",
                fix="give it a heading of its own, e.g. a substep `### 1.2 …`, or join the two blocks",
            )
        if self._content.references:
            self._mixed(span, "a fenced block beside a list of runbooks", "give the block a step of its own")
        body = parse_fence(fence, self._source, self._report)
        if self._content.fence is None:
            self._content.fence, self._content.body = span, body
        self._stage = Stage.BODY

    def _paragraph(self, prose: Prose) -> None:
        if report_unclosed(self._source, prose, self._report):
            return
        if prose.paragraph:
            self._lines_below(range(prose.line, prose.end))
            return
        span = self._source.locate(prose.line, self._source.lines[prose.line].strip())
        self._text(prose.line, prose.end, span, prose.fences)

    def _text(self, start: int, end: int, span: Span, fences: tuple[Fence, ...]) -> None:
        if self._stage is not Stage.BODY:
            self._stage = Stage.PROMPT
        elif not self._late_prompt:
            self._report.append(_late_prompt(span))
            self._late_prompt = True
        self._prose.append((start, end))
        report_hidden(self._source, fences, self._report)


def report_unclosed(source: Source, block: Fence | Prose, report: list[Diagnostic]) -> bool:
    """Tells whether a fence or comment runs to the end of the file unclosed, and reports it."""
    unclosed = not block.closed if isinstance(block, Fence) else block.unclosed_comment
    if unclosed:
        what, end = ("block", "```") if isinstance(block, Fence) else ("comment", "-->")
        report.append(
            Code.UNCLOSED_BLOCK.at(
                source.locate(block.line, source.lines[block.line].strip()),
                f"the {what} never ends, so the rest of the file is part of it",
                fix=f"close it with `{end}` on a line of its own",
            )
        )
    return unclosed


def join_prose(source: Source, ranges: list[tuple[int, int]]) -> str:
    """Returns the lines of `ranges`, with one empty line between parts that do not touch."""
    parts: list[str] = []
    last_end: int | None = None
    for start, end in ranges:
        if last_end is not None:
            parts.append("\n\n" if start > last_end or not source.lines[start - 1].strip() else "\n")
        parts.append(source.text(start, end).rstrip())
        last_end = end
    return "".join(parts).strip("\n")


def _late_prompt(span: Span) -> Diagnostic:
    return Code.LATE_PROMPT.at(
        span,
        "text below the body",
        why="text is shown before the block runs",
        fix="move it above the block, or give it a step of its own",
    )


def _short(line: Line, span: Span) -> Diagnostic:
    action = line.handler.action
    word = type(action).__name__.upper()
    message = f' "{action.message}"' if isinstance(action, Stop | Complete) and action.message else ""
    full = f"RETRY {line.handler.retry} {word}{message}"
    return Code.SHORT_RETRY.at(
        span, f"RETRY in its short form; read as `{full}`", fix="write number and action both: `RETRY 2 STOP`"
    )


def _bad_nested(span: Span, what: str) -> Diagnostic:
    return Code.BAD_NESTED_BULLET.at(
        span,
        f"{what} is no transition",
        fix="leave only bullets such as `- FAIL BREAK` there; put text below the list",
    )
