"""The document's skeleton: title, preamble, steps and substeps with their ids, and what is wrong with them.

A heading that cannot be read still opens a section (with `id` ""), so that its content is checked too and
does not run into the section above.
"""

import re

from msgspec import Struct, field

from rundown.model.diagnostic import Diagnostic, Span
from rundown.syntax.codes import RESERVED, Code
from rundown.syntax.document import Block, Heading
from rundown.syntax.source import Source

MAX_STEP = 999_999
_SEPARATORS = ".:—–→-) \t\n"
_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_STEP = re.compile(rf"(?P<id>[0-9]+|{_WORD})(?P<rest>.*)", re.DOTALL)
_SUBSTEP = re.compile(
    rf"(?:(?P<parent>[0-9]+|{_WORD})\.(?=[0-9A-Za-z_]))?(?P<id>[0-9]+|{_WORD})(?P<rest>.*)", re.DOTALL
)
_DYNAMIC = re.compile(rf"(?:(?:[0-9]+|{_WORD})\.)?\{{(?!\{{)[^{{}}]*\}}")
_LIKE_STEP = re.compile(r"[0-9]+(?:[.:\-)\s]|$)")


class Section(Struct, kw_only=True):
    """A step or substep as found: `id` "" if the heading is unusable, `blocks` what stands right below it."""

    id: str
    title: str
    span: Span
    blocks: list[Block] = field(default_factory=list)
    substeps: list["Section"] = field(default_factory=list)

    @property
    def named(self) -> bool:
        return not self.id.isdigit()


class Outline(Struct, kw_only=True):
    """The whole document: `preamble` is what stands above the first H2."""

    title: str = ""
    preamble: list[Block] = field(default_factory=list)
    steps: list[Section] = field(default_factory=list)


class _Parsed(Struct, frozen=True, kw_only=True):
    id: str
    title: str
    parent: str | None = None


def read_outline(source: Source, blocks: list[Block], report: list[Diagnostic]) -> Outline:
    """Returns the skeleton; problems with headings are appended to `report`."""
    reader = _Reader(source, report)
    for block in blocks:
        reader.take(block)
    return reader.finish()


class _Reader:
    def __init__(self, source: Source, report: list[Diagnostic]) -> None:
        self._source = source
        self._report = report
        self._outline = Outline()
        self._titled = False
        self._next_number = 1
        self._step_ids: dict[str, Span] = {}
        self._substep_ids: dict[str, Span] = {}
        self._unusable: list[Heading] = []

    def take(self, block: Block) -> None:
        if not isinstance(block, Heading):
            self._current().append(block)
        elif block.level == 1:
            self._title(block)
        elif block.level == 2:
            self._close_step()
            self._step(block)
        elif block.level == 3:
            self._substep(block)
        else:
            self._add(
                Code.DEEP_HEADING,
                block,
                f"heading of level {block.level}",
                why="steps are H2 and substeps are H3; there is nothing below",
                fix=f"make it bold text: `**{_line(block.text) or '…'}**`, or an H3 of its own",
            )

    def finish(self) -> Outline:
        self._close_step()
        if not self._outline.steps:
            last = Span(file=self._source.file, line=1, excerpt=self._source.lines[0][:1000])
            self._report.append(
                Code.NO_STEP.at(
                    last,
                    "no step: the document has no heading of level 2",
                    why="each `## ` heading is a step",
                    fix="add one: `## 1. What to do`",
                )
            )
        return self._outline

    def _current(self) -> list[Block]:
        if not self._outline.steps:
            return self._outline.preamble
        step = self._outline.steps[-1]
        return step.substeps[-1].blocks if step.substeps else step.blocks

    def _add(self, code: Code, heading: Heading, message: str, *, fix: str, why: str = "") -> None:
        span = self._source.locate(heading.line, heading.text.split("\n", 1)[0])
        self._report.append(code.at(span, message, fix=fix, why=why))

    def _title(self, heading: Heading) -> None:
        if _LIKE_STEP.match(heading.text):
            self._add(
                Code.TITLE_IS_STEP,
                heading,
                f"`# {_line(heading.text)}` looks like a step",
                why="an H1 is the title; steps are H2",
                fix=f"write `## {_line(heading.text)}`, or begin the title with a word",
            )
        if not self._titled:
            self._outline.title, self._titled = _line(heading.text), True

    def _step(self, heading: Heading) -> None:
        span = self._source.locate(heading.line, heading.text.split("\n", 1)[0])
        parsed = self._read_step(heading)
        if parsed is None:
            self._outline.steps.append(Section(id="", title=_line(heading.text), span=span))
            return
        first = self._step_ids.get(parsed.id)
        if first is not None:
            self._duplicate(heading, f"step `{parsed.id}`", first, self._numbered(heading))
        elif parsed.id.isdigit():
            self._check_number(heading, int(parsed.id))
        self._step_ids.setdefault(parsed.id, span)
        self._outline.steps.append(Section(id=parsed.id, title=parsed.title, span=span))

    def _read_step(self, heading: Heading) -> _Parsed | None:
        text = heading.text
        numbered = self._numbered(heading)
        if _DYNAMIC.match(text):
            self._dynamic(heading)
            return None
        match = _STEP.fullmatch(text)
        if match is None or not _separated(match["rest"]):
            self._add(
                Code.UNUSABLE_HEADING,
                heading,
                f"`## {_line(text)}` begins with neither a number nor a plain name",
                why="a step is `## 1. Title` or, if only a GOTO leads to it, `## Name Title`",
                fix=numbered,
            )
            return None
        if re.match(r"\.[0-9]", match["rest"]):
            self._add(
                Code.UNUSABLE_HEADING,
                heading,
                f"`## {_line(text)}` has the number of a substep",
                fix=f"write `### {_line(text)}`, or {numbered}",
            )
            return None
        return self._identified(heading, match, numbered)

    def _numbered(self, heading: Heading) -> str:
        """Returns the advice to number a heading; where none is numbered, by its place among all."""
        number = self._next_number if self._next_number > 1 else len(self._outline.steps) + 1
        title = _line(heading.text).strip(_SEPARATORS + "0123456789") or "What to do"
        return f"number it: `## {number}. {title}`"

    def _identified(self, heading: Heading, match: re.Match[str], fix: str) -> _Parsed | None:
        word = match["id"]
        if word in RESERVED:
            self._add(
                Code.RESERVED_ID,
                heading,
                f"`{word}` is a reserved word",
                why="it is part of the transitions' language",
                fix=f"name it differently, e.g. `{word.capitalize()}`, or {fix}",
            )
            return None
        if word.isdigit():
            if len(word) > 9 or int(word) > MAX_STEP:
                self._add(Code.STEP_LIMIT, heading, f"the largest number is {MAX_STEP}", fix=fix)
                return None
            if int(word) == 0:
                self._add(Code.UNUSABLE_HEADING, heading, "steps are counted from 1", fix=fix)
                return None
            word = str(int(word))
        parent = match.groupdict().get("parent")
        if parent is not None and parent.isdigit():
            parent = parent.lstrip("0") or "0"
        return _Parsed(id=word, title=_line(match["rest"]).strip().lstrip(_SEPARATORS).strip(), parent=parent)

    def _check_number(self, heading: Heading, number: int) -> None:
        if number != self._next_number:
            self._add(
                Code.STEP_GAP,
                heading,
                f"step {number} stands where step {self._next_number} should",
                why="numbered steps count 1, 2, 3 … in the order of the file",
                fix=f"number it {self._next_number}, and those below it accordingly",
            )
        self._next_number = max(self._next_number, number + 1)

    def _duplicate(self, heading: Heading, what: str, first: Span, fix: str) -> None:
        self._add(
            Code.DUPLICATE_ID,
            heading,
            f"{what} is there already, in line {first.line}",
            why="the id is the number or the first word of the heading",
            fix=fix,
        )

    def _dynamic(self, heading: Heading) -> None:
        self._add(
            Code.DYNAMIC_STEP,
            heading,
            f"`{_line(heading.text)}`: there are no dynamic steps",
            why="a step that is done for each item is a loop here",
            fix="write a numbered step with `- FOR item IN {{items}}` below it, and its substeps as H3",
        )

    def _substep(self, heading: Heading) -> None:
        span = self._source.locate(heading.line, heading.text.split("\n", 1)[0])
        if not self._outline.steps:
            self._add(
                Code.WRONG_PARENT,
                heading,
                "a substep before the first step",
                fix=f"put `## 1. …` above it, or write `## {_line(heading.text)}`",
            )
            return
        step = self._outline.steps[-1]
        parsed = self._read_substep(heading, step)
        section = Section(id=parsed.id if parsed else "", title="", span=span)
        if parsed is not None:
            section.title = parsed.title
            if parsed.parent is not None and step.id and parsed.parent != step.id:
                self._wrong_parent(heading, parsed, step)
            elif parsed.id in self._substep_ids:
                fix = f"number it: `### {step.id}.{len(step.substeps) + 1} {parsed.title}`"
                self._duplicate(
                    heading, f"substep `{step.id}.{parsed.id}`", self._substep_ids[parsed.id], fix
                )
            self._substep_ids.setdefault(parsed.id, span)
        step.substeps.append(section)

    def _read_substep(self, heading: Heading, step: Section) -> _Parsed | None:
        if _DYNAMIC.match(heading.text):
            self._dynamic(heading)
            return None
        match = _SUBSTEP.fullmatch(heading.text)
        rest = match["rest"] if match else ""
        if match is None or not _separated(rest) or re.match(r"\.[0-9]", rest):
            self._unusable.append(heading)
            return None
        number = len(step.substeps) + 1
        return self._identified(heading, match, f"write `### {step.id}.{number} {_line(heading.text)}`")

    def _wrong_parent(self, heading: Heading, parsed: _Parsed, step: Section) -> None:
        fix = f"write `### {step.id}.{parsed.id} {parsed.title}`".rstrip("` ") + "`"
        self._add(
            Code.WRONG_PARENT,
            heading,
            f"substep `{parsed.parent}.{parsed.id}` stands below step `{step.id}`",
            why="what stands before the dot is the step that the substep belongs to",
            fix=fix,
        )

    def _close_step(self) -> None:
        if self._outline.steps:
            step = self._outline.steps[-1]
            mixed = any(section.id for section in step.substeps)
            for heading in self._unusable:
                text = _line(heading.text)
                self._add(
                    Code.MIXED_HEADINGS if mixed else Code.UNUSABLE_HEADING,
                    heading,
                    f"`### {text}` is no substep" + (f", others below step `{step.id}` are" if mixed else ""),
                    why="a substep is `### 1.1 Title`, `### 1.Name Title` or `### Name Title`",
                    fix=f"write `### {step.id or 1}.{len(step.substeps)} {text}`, or make it bold text",
                )
        self._unusable = []
        self._substep_ids = {}


def _separated(rest: str) -> bool:
    """Tells whether what stands behind an id begins with a separator."""
    return not rest or rest[0] in _SEPARATORS or rest[0].isspace()


def _line(text: str) -> str:
    """Returns a heading's text on one line, short enough for a message."""
    return " ".join(text.split())
