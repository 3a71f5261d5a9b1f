"""The content of one step or substep, in the order that the language asks for.

OUTPUTS, FOR, transitions, prompt, body: what stands out of order is reported and still read, so that one
run over a document finds everything.
"""

import re
from enum import IntEnum

from msgspec import Struct, field

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import Complete, Loop, ReferenceBody, Stop
from rundown.syntax.codes import RESERVED_VARIABLES, Code
from rundown.syntax.document import Block, Bullet, Fence, Prose
from rundown.syntax.fence import FenceBody, is_executable, parse_fence
from rundown.syntax.loop import is_loop, parse_loop
from rundown.syntax.source import Source
from rundown.syntax.transition import Line, is_transition, parse_transition

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"\S*\.runbook\.md|\{\{\s*[A-Za-z_][A-Za-z0-9_.-]*\s*\}\}")
_BRACED = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
_UNSUPPORTED = {
    "INPUTS": "declare them in the front matter: `inputs: [Name]`",
    "ARTIFACTS": "write the file's path into an OUTPUTS variable",
    "DELEGATE": "let an agent do the step: a block that opens with ```agent",
}
_LIKE_TRANSITION = re.compile(
    r"(?:PASS|FAIL|YES|NO)(?: +(?:ALL|ANY))?\s*(?:->|[:→-])?\s*"
    r"(?:CONTINUE|STOP|COMPLETE|GOTO|RETRY|DEFER|NEXT|BREAK)(?![A-Za-z0-9_])"
)


class Stage(IntEnum):
    """How far down the order a unit has been read."""

    START = 0
    OUTPUTS = 1
    FOR = 2
    TRANSITIONS = 3
    PROMPT = 4
    BODY = 5


class Content(Struct, kw_only=True):
    """What stands in a unit. `nested` are the lines below FOR, None if there is no nested bullet."""

    outputs: tuple[str, ...] = ()
    loop: Loop | None = None
    nested: list[Line] | None = None
    lines: list[Line] = field(default_factory=list)
    prompt: str = ""
    body: FenceBody | None = None
    references: list[ReferenceBody] = field(default_factory=list)
    has_fence: Span | None = None


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
        self._outputs_at: Span | None = None
        self._late_prompt = False

    def take(self, block: Block) -> None:
        if isinstance(block, Bullet):
            self._bullet(block)
        elif isinstance(block, Fence):
            self._fence(block)
        elif isinstance(block, Prose):
            self._paragraph(block)

    def finish(self) -> Content:
        self._content.prompt = _join(self._source, self._prose)
        return self._content

    def _bullet(self, bullet: Bullet) -> None:
        first, *more = bullet.text.split("\n")
        text = first.strip()
        span = self._source.locate(bullet.line, text)
        if re.fullmatch(r"OUTPUTS\s*:?", text):
            self._outputs(bullet, text, span)
        elif is_loop(text):
            self._loop(bullet, " ".join([text, *_continuation(self._source, bullet, more)]), span)
            self._lazy(bullet, more)
        elif is_transition(text):
            self._transition(bullet, " ".join([text, *_continuation(self._source, bullet, more)]), span)
            self._lazy(bullet, more)
        elif text.rstrip(":") in _UNSUPPORTED:
            word = text.rstrip(":")
            self._report.append(
                Code.UNSUPPORTED_DIRECTIVE.at(span, f"`{word}` is not supported", fix=_UNSUPPORTED[word])
            )
        elif not more and _REFERENCE.fullmatch(_BRACED.sub(r"{{\1}}", text)):
            self._reference(bullet, text, span)
        else:
            self._text(bullet.line, bullet.end, span, bullet.fences)

    def _lazy(self, bullet: Bullet, more: list[str]) -> None:
        """Lines below a transition that are not indented are of its paragraph in Markdown, prompt here."""
        kept = len(_continuation(self._source, bullet, more))
        if len(more) > kept:
            start = bullet.line + 1 + kept
            self._text(start, bullet.line + 1 + len(more), self._source.locate(start, more[kept].strip()), ())

    def _outputs(self, bullet: Bullet, text: str, span: Span) -> None:
        if text != "OUTPUTS":
            self._bad_outputs(
                span, "OUTPUTS with a colon", fix="write `- OUTPUTS` alone, the names as bullets below it"
            )
        if self._outputs_at is not None:
            self._bad_outputs(span, "OUTPUTS for the second time", fix="put all names below the first one")
        if self._stage is Stage.TRANSITIONS:
            self._report.append(
                Code.LATE_OUTPUTS.at(
                    span, "OUTPUTS below the transitions", fix="put it above them, first in the step"
                )
            )
        elif self._stage > Stage.OUTPUTS:
            self._bad_outputs(
                span, "OUTPUTS too late", fix="put it first in the step, right below the heading"
            )
        self._outputs_at = span
        self._stage = max(self._stage, Stage.OUTPUTS)
        names: dict[str, None] = dict.fromkeys(self._content.outputs)
        for item in bullet.nested:
            self._output_name(item, names)
        if not bullet.nested:
            self._bad_outputs(
                span, "OUTPUTS without a name", fix="add names as indented bullets: `  - Version`"
            )
        elif bullet.more or "\n" in bullet.text:
            self._bad_outputs(
                span, "OUTPUTS with more than names below it", fix="leave only bullets with names there"
            )
        self._content.outputs = tuple(names)

    def _output_name(self, item: Bullet, names: dict[str, None]) -> None:
        name = item.text.strip()
        span = self._source.locate(item.line, name.split("\n")[0])
        if not _VARIABLE.fullmatch(name) or item.nested or item.more:
            self._bad_outputs(
                span,
                f"`{name.splitlines()[0] if name else ''}` is no plain name",
                fix="write a name only; the step writes the value to the file $RD_OUTPUTS_<Name>",
            )
        elif name.lower() in RESERVED_VARIABLES:
            self._bad_outputs(span, f"`{name}` is reserved", fix="name it differently")
        elif name in names:
            self._bad_outputs(span, f"`{name}` is listed twice", fix="remove one")
        else:
            names[name] = None

    def _bad_outputs(self, span: Span, message: str, *, fix: str) -> None:
        self._report.append(Code.BAD_OUTPUTS.at(span, message, fix=fix))

    def _loop(self, bullet: Bullet, text: str, span: Span) -> None:
        problem = None
        if self._substep:
            problem = "FOR on a substep", "put it on the step above; its substeps are what is repeated"
        elif self._content.loop is not None:
            problem = "a second FOR", "one step has one loop; make a step of its own for the other"
        elif self._stage > Stage.FOR:
            problem = "FOR too late", "put it above the transitions, right below the heading"
        if problem is not None:
            self._report.append(Code.MISPLACED_FOR.at(span, problem[0], fix=problem[1]))
        self._stage = max(self._stage, Stage.FOR)
        loop = parse_loop(text, span)
        if isinstance(loop, Diagnostic):
            self._report.append(loop)
        elif not self._substep:
            self._content.loop = self._content.loop or loop
        if bullet.nested:
            self._content.nested = [
                line for item in bullet.nested if (line := self._nested(item)) is not None
            ]
        if bullet.more:
            self._report.append(_bad_nested(span, "text below FOR"))

    def _nested(self, item: Bullet) -> Line | None:
        text = " ".join(item.text.split("\n"))
        span = self._source.locate(item.line, item.text.split("\n")[0].strip())
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
            self._report.append(
                Code.COLON.at(
                    span, "a colon in a transition, the older form", fix="leave it out: `- PASS CONTINUE`"
                )
            )
        if line.short:
            self._report.append(_short(line, span))
        return line

    def _transition(self, bullet: Bullet, text: str, span: Span) -> None:
        if self._stage > Stage.TRANSITIONS:
            where = "prompt text" if self._stage is Stage.PROMPT else "body"
            self._report.append(
                Code.LATE_TRANSITION.at(
                    span,
                    f"a transition below the {where}",
                    why="where a step goes is read first: transitions, then text, then the block",
                    fix="move it up, right below the heading",
                )
            )
        else:
            self._stage = Stage.TRANSITIONS
        if bullet.nested or bullet.more:
            self._report.append(
                Code.BAD_ACTION.at(
                    span,
                    "a transition with something indented below it",
                    fix="end the list with an empty line and do not indent what follows",
                )
            )
        line = self._line(text, span)
        if line is not None:
            self._content.lines.append(line)

    def _reference(self, bullet: Bullet, text: str, span: Span) -> None:
        if self._content.has_fence is not None:
            self._mixed(
                span, "a runbook beside a fenced block", "give the runbook a step or substep of its own"
            )
        if bullet.nested or bullet.more:
            self._report.append(_late_prompt(span))
        if self._substep and self._content.references:
            self._mixed(span, "a second runbook in a substep", "give it a substep of its own")
        self._stage = Stage.BODY
        path = _BRACED.sub(r"{{\1}}", text)
        self._content.references.append(ReferenceBody(path=path, span=span))

    def _mixed(self, span: Span, message: str, fix: str) -> None:
        self._report.append(Code.MIXED_BODY.at(span, message, fix=fix))

    def _fence(self, fence: Fence) -> None:
        span = self._source.locate(fence.line, fence.info or "```")
        if not fence.closed:
            self._report.append(
                Code.UNCLOSED_BLOCK.at(
                    span,
                    "the block never ends, so the rest of the file is part of it",
                    fix="close it with ``` on a line of its own",
                )
            )
        if self._content.has_fence is not None:
            self._report.append(
                Code.SECOND_FENCE.at(
                    span,
                    f"a second block in one unit; the first is in line {self._content.has_fence.line}",
                    why="a step has one body, so that its outcome is the outcome of one thing",
                    fix="give it a heading of its own, e.g. a substep `### 1.2 …`, or join the two blocks",
                )
            )
        if self._content.references:
            self._mixed(span, "a fenced block beside a list of runbooks", "give the block a step of its own")
        body = parse_fence(fence, self._source, self._report)
        if self._content.has_fence is None:
            self._content.has_fence, self._content.body = span, body
        self._stage = Stage.BODY

    def _paragraph(self, prose: Prose) -> None:
        first = self._source.lines[prose.line].strip()
        span = self._source.locate(prose.line, first)
        if prose.unclosed_comment:
            self._report.append(
                Code.UNCLOSED_BLOCK.at(
                    span,
                    "the comment never ends, so the rest of the file is part of it",
                    fix="close it with `-->`",
                )
            )
            return
        if prose.paragraph:
            for line in range(prose.line, prose.end):
                text = self._source.lines[line].strip()
                if _LIKE_TRANSITION.match(text):
                    self._report.append(
                        Code.NOT_A_BULLET.at(
                            self._source.locate(line, text),
                            "this reads like a transition and is text",
                            fix=f"make it a bullet: `- {text}`",
                        )
                    )
        self._text(prose.line, prose.end, span, prose.fences)

    def _text(self, start: int, end: int, span: Span, fences: tuple[Fence, ...]) -> None:
        if self._stage is Stage.BODY:
            if not self._late_prompt:
                self._report.append(_late_prompt(span))
            self._late_prompt = True
        else:
            self._stage = Stage.PROMPT
        self._prose.append((start, end))
        report_hidden(self._source, fences, self._report)


def report_hidden(source: Source, fences: tuple[Fence, ...], report: list[Diagnostic]) -> None:
    """Warns of shell blocks inside lists, quotations or the preamble: they are shown and never run."""
    for fence in fences:
        if is_executable(fence.info):
            report.append(
                Code.NEVER_RUN.at(
                    source.locate(fence.line, fence.info),
                    "this block is shown and never run",
                    why="a block inside a list, a quotation or the preamble is text",
                    fix="put it, not indented, below a heading; or write `prompt` behind its language",
                )
            )


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


def _continuation(source: Source, bullet: Bullet, more: list[str]) -> list[str]:
    """Returns the further lines of a bullet's first paragraph that are indented, as wrapped lines are."""
    kept = []
    for index, text in enumerate(more):
        line = source.lines[bullet.line + 1 + index]
        if line[:1] not in (" ", "\t"):
            break
        kept.append(text.strip())
    return kept


def _join(source: Source, ranges: list[tuple[int, int]]) -> str:
    """Returns the prose of `ranges`, empty lines between parts kept as at most one."""
    parts: list[str] = []
    last_end: int | None = None
    for start, end in ranges:
        text = source.text(start, end).rstrip()
        if last_end is not None:
            gap = start > last_end or not source.lines[start - 1].strip()
            parts.append("\n\n" if gap else "\n")
        parts.append(text)
        last_end = end
    return "".join(parts).strip("\n")
