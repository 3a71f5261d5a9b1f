"""Sections become steps: contents are read, handlers settled, and bodies of two kinds refused."""

from msgspec.structs import replace

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import Defer, Handler, Loop, Step, Substep, Transitions
from rundown.syntax.codes import Code
from rundown.syntax.outline import Outline, Section
from rundown.syntax.settle import Place, settle
from rundown.syntax.source import Source
from rundown.syntax.unit import read_content


def build_steps(source: Source, outline: Outline, report: list[Diagnostic]) -> tuple[Step, ...]:
    """Returns the steps in file order; problems are appended to `report`."""
    return tuple(_Step(source, section, report).build() for section in outline.steps)


class _Step:
    def __init__(self, source: Source, section: Section, report: list[Diagnostic]) -> None:
        self._source = source
        self._section = section
        self._report = report
        self._content = read_content(source, section.blocks, report, substep=False)

    def build(self) -> Step:
        section, content = self._section, self._content
        self._check_bodies()
        loop = self._loop()
        has_substeps = bool(section.substeps or content.references)
        transitions = settle(
            content.lines, Place(where="step", in_loop=loop is not None, folds=has_substeps), self._report
        )
        aggregated = transitions.mode is not None or (
            loop is not None and loop.transitions is not None and loop.transitions.mode is not None
        )
        substeps = self._substeps(loop is not None, aggregated)
        step = Step(
            id=section.id,
            named=section.named,
            title=section.title or (section.id if section.named else f"Step {section.id}"),
            span=section.span,
            prompt=content.prompt,
            outputs=content.outputs,
            loop=loop,
            transitions=transitions,
            body=content.body,
            substeps=substeps,
        )
        self._check_folding(step)
        return step

    def _check_bodies(self) -> None:
        section, content = self._section, self._content
        if not section.substeps:
            return
        first = section.substeps[0].span
        if content.fence is not None:
            self._mixed(
                content.fence, f"a block in a step that has substeps (the first in line {first.line})"
            )
        if content.references:
            self._mixed(
                content.references[0].span,
                f"a list of runbooks in a step that has substeps (the first in line {first.line})",
            )

    def _mixed(self, span: Span, message: str) -> None:
        self._report.append(
            Code.MIXED_BODY.at(
                span,
                message,
                why="a step has one kind of body, so that its outcome is clear",
                fix=f"give it a substep: `### {self._section.id or 1}.{len(self._section.substeps) + 1} …`",
            )
        )

    def _loop(self) -> Loop | None:
        content = self._content
        if content.loop is None:
            return None
        if not self._section.substeps and not content.references:
            self._report.append(
                Code.MISPLACED_FOR.at(
                    content.loop.span,
                    "FOR on a step without substeps",
                    why="the substeps are what is repeated",
                    fix=f"put the block below a substep: `### {self._section.id or 1}.1 …`",
                )
            )
        if content.nested is None:
            return content.loop
        place = Place(where="loop", in_loop=True, folds=True, defers=True)
        return replace(content.loop, transitions=settle(content.nested, place, self._report))

    def _substeps(self, in_loop: bool, aggregated: bool) -> tuple[Substep, ...]:
        place = Place(where="substep", in_loop=in_loop, defers=aggregated)
        listed = () if self._section.substeps else self._listed()
        return listed or tuple(self._substep(section, place) for section in self._section.substeps)

    def _listed(self) -> tuple[Substep, ...]:
        on_both = Transitions(
            on_pass=Handler(action=Defer(), implicit=True), on_fail=Handler(action=Defer(), implicit=True)
        )
        return tuple(
            Substep(
                id=str(number),
                title=f"Runbook: {reference.path}",
                span=reference.span,
                transitions=on_both,
                body=reference,
            )
            for number, reference in enumerate(self._content.references, start=1)
        )

    def _substep(self, section: Section, place: Place) -> Substep:
        content = read_content(self._source, section.blocks, self._report, substep=True)
        if content.references:
            place = replace(place, defers=True)
        return Substep(
            id=section.id,
            title=section.title or (section.id if section.named else f"Step {self._section.id}.{section.id}"),
            span=section.span,
            prompt=content.prompt,
            outputs=content.outputs,
            transitions=settle(content.lines, place, self._report),
            body=content.references[0] if content.references else content.body,
        )

    def _check_folding(self, step: Step) -> None:
        if step.loop is not None or step.transitions.mode is None or not step.substeps:
            return
        handlers = [
            handler
            for substep in step.substeps
            for handler in (substep.transitions.on_pass, substep.transitions.on_fail)
        ]
        if not any(isinstance(handler.action, Defer) for handler in handlers):
            self._report.append(
                Code.NOTHING_TO_FOLD.at(
                    step.span,
                    "ALL or ANY over substeps of which none hands its result up",
                    why="a substep that says CONTINUE or STOP on both sides keeps its result to itself",
                    fix="write `- PASS DEFER` and `- FAIL DEFER` on them, or leave their transitions out",
                )
            )
