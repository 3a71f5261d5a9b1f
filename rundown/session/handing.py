"""What passes between a run and its child: values down, results up."""

from collections.abc import Iterator

from msgspec.structs import replace

from rundown.engine.state import State
from rundown.model.event import Body, OutputCaptured, StepFinished
from rundown.session.run import Ended, Run
from rundown.session.values import Values


def hand_up(ended: Ended, child: Run, state: State) -> Iterator[Body]:
    if ended.pause is not None:
        yield replace(ended.pause, position=state.position, detail=f"in {child.opened.document.file}")
        return
    names = {entry.split(" ", 1)[0] for entry in child.opened.runbook.front.outputs}
    for name in sorted(names & ended.state.variables.keys()):
        yield OutputCaptured(position=state.position, name=name, value=ended.state.variables[name])
    message = ended.state.ending.message if ended.state.ending is not None else ""
    result = "pass" if ended.state.lifecycle == "completed" else "fail"
    yield replace(report_of(state, result, message), reported_by="child")


def inherit(values: Values) -> Values:
    """What a child begins with: its parent's values, and its parent's place as its own context's parent."""
    own = {"Step", "step", "Index", "index", "context", "RunbookRef"}
    context = values.get("context")
    above = context if isinstance(context, dict) else {}
    parent = {**above.get("current", {}), "vars": {k: v for k, v in values.items() if k not in own}}
    ancestors = [parent, *above.get("ancestors", [])][:32]
    kept = {name: value for name, value in values.items() if name not in own}
    return {**kept, "context": {"parent": parent, "ancestors": ancestors}}


def report_of(state: State, result: str, note: str) -> StepFinished:
    return StepFinished(
        step=state.step,
        substep=state.substep,
        iteration=state.iteration,
        result="pass" if result == "pass" else "fail",
        reported_by="person",
        note=note,
    )
