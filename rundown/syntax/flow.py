"""Where a run can go: steps and substeps that nothing leads to, and rounds that nothing leads out of.

What a fold makes of several results is not known here, so both handlers of a step are taken as possible;
a warning is only given where no result whatsoever could lead there.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import (
    Action,
    Break,
    Complete,
    Continue,
    Defer,
    Goto,
    Next,
    Runbook,
    Step,
    Stop,
    Transitions,
)
from rundown.syntax.codes import Code


class _Node(Struct, frozen=True):
    """A unit (`substep` -1: the step itself), or with `resolves` the end of a step with substeps."""

    step: int
    substep: int = -1
    resolves: bool = False


_END = _Node(-1)


def check_flow(book: Runbook, report: list[Diagnostic]) -> None:
    """Reports unreachable steps and substeps, and rounds without an end."""
    ways = _Ways(book)
    reached = _closure({ways.entry(0)}, ways.onward)
    _unreachable(book, reached, report)
    _endless(book, ways, reached, report)


class _Ways:
    def __init__(self, book: Runbook) -> None:
        self._steps = book.steps
        self._index = {step.id: index for index, step in enumerate(book.steps)}
        self._parts = [{part.id: number for number, part in enumerate(step.substeps)} for step in book.steps]
        self._following: list[_Node] = []
        following = _END
        for index in range(len(book.steps) - 1, -1, -1):
            self._following.append(following)
            if not book.steps[index].named:
                following = self.entry(index)
        self._following.reverse()

    def entry(self, index: int) -> _Node:
        return _Node(index, 0 if self._steps[index].substeps else -1)

    def onward(self, node: _Node) -> Iterator[_Node]:
        """Yields where a run can go from `node`."""
        if node == _END:
            return
        step = self._steps[node.step]
        if node.resolves or not step.substeps:
            if step.loop is not None:
                yield _Node(node.step, 0)
                if step.loop.transitions is not None:
                    yield from self._jumps(step.loop.transitions)
            yield from self._handlers(step.transitions, self._following[node.step])
            return
        resolve = _Node(node.step, resolves=True)
        if step.loop is not None:
            yield resolve
        after = _Node(node.step, node.substep + 1) if node.substep + 1 < len(step.substeps) else resolve
        yield from self._handlers(step.substeps[node.substep].transitions, after, resolve)

    def _handlers(self, transitions: Transitions, after: _Node, resolve: _Node = _END) -> Iterator[_Node]:
        for handler in (transitions.on_pass, transitions.on_fail):
            yield self._target(handler.action, after, resolve)

    def _jumps(self, transitions: Transitions) -> Iterator[_Node]:
        for handler in (transitions.on_pass, transitions.on_fail):
            if isinstance(handler.action, Goto | Stop | Complete):
                yield self._target(handler.action, _END, _END)

    def _target(self, action: Action, after: _Node, resolve: _Node) -> _Node:
        match action:
            case Continue() | Defer():
                return after
            case Next() | Break():
                return resolve
            case Stop() | Complete():
                return _END
            case Goto(target=target):
                index = self._index[target.step]
                number = self._parts[index].get(target.substep or "")
                return self.entry(index) if number is None else _Node(index, number)


def _closure(start: set[_Node], onward: Callable[[_Node], Iterator[_Node]]) -> set[_Node]:
    seen, pending = set(start), list(start)
    while pending:
        for node in onward(pending.pop()):
            if node not in seen:
                seen.add(node)
                pending.append(node)
    return seen


def _unreachable(book: Runbook, reached: set[_Node], report: list[Diagnostic]) -> None:
    steps = {node.step for node in reached}
    lost = [step for index, step in enumerate(book.steps) if index not in steps]
    named = [step for step in lost if step.named]
    if len(named) > 1 and len(named) * 2 > len(book.steps):
        if not all(step.named for step in book.steps):
            report.append(_unnumbered(named, len(book.steps)))
        lost = [step for step in lost if not step.named]
    report.extend(_lost(step) for step in lost)
    for index, step in enumerate(book.steps):
        for number, substep in enumerate(step.substeps):
            if index in steps and _Node(index, number) not in reached:
                report.append(
                    Code.UNREACHABLE.at(
                        substep.span,
                        f"no way leads to substep {step.id}.{substep.id}",
                        why="the substep before it ends, jumps or leaves the loop, whatever its result",
                        fix=f"let one of its sides CONTINUE, or jump here: `GOTO {step.id}.{substep.id}`",
                    )
                )


def _unnumbered(named: list[Step], count: int) -> Diagnostic:
    return Code.NOTHING_NUMBERED.at(
        named[0].span,
        f"{len(named)} of {count} steps have a name, no GOTO leads to them, and they will never run",
        why="`## Name …` is a step that only a GOTO reaches; steps in a row have numbers",
        fix=f"number them: `## 1. {named[0].span.excerpt.lstrip('# ').strip()}`",
    )


def _lost(step: Step) -> Diagnostic:
    if step.named:
        return Code.UNREACHABLE.at(
            step.span,
            f"no GOTO leads to step {step.id}",
            why="a step with a name is not part of the sequence",
            fix=f"jump to it, e.g. `- FAIL GOTO {step.id}`, or number it",
        )
    return Code.UNREACHABLE.at(
        step.span,
        f"no way leads to step {step.id}",
        why="what comes before it ends or jumps, whatever its result",
        fix=f"let one side of the step before it CONTINUE, or jump here: `GOTO {step.id}`",
    )


def _endless(book: Runbook, ways: _Ways, reached: set[_Node], report: list[Diagnostic]) -> None:
    before: dict[_Node, set[_Node]] = {}
    for node in reached:
        for onward in ways.onward(node):
            before.setdefault(onward, set()).add(node)
    ending = _closure({_END}, lambda node: iter(before.get(node, ())))
    round_ = reached - ending
    while leading := {node for node in round_ if not before.get(node, set()) & round_}:
        round_ -= leading
    units = sorted((node for node in round_ if not node.resolves), key=lambda node: (node.step, node.substep))
    if len(units) < 2:
        return
    names = [_name(book, node) for node in units]
    report.append(
        Code.ENDLESS.at(
            book.steps[units[0].step].span,
            f"a round that never ends: {', '.join(names[:10])}{' …' if len(names) > 10 else ''}",
            why="whatever the results are, each of these leads to another of them",
            fix=f"give one of them a way out, e.g. `- FAIL RETRY 3 STOP` in step {names[-1]}",
        )
    )


def _name(book: Runbook, node: _Node) -> str:
    step = book.steps[node.step]
    return step.id if node.substep < 0 else f"{step.id}.{step.substeps[node.substep].id}"
