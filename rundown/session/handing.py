"""What passes between a run and its child: values down, results up."""

from collections.abc import Iterator

from msgspec.structs import replace

from rundown.engine.state import State
from rundown.errors import InvalidInputError
from rundown.model.event import Body, OutputCaptured, StepFinished
from rundown.session.library import Opened
from rundown.session.preparation import missing_values, require_agents
from rundown.session.reopening import family_below
from rundown.session.run import Ended, Run, Start
from rundown.session.values import Given, Values, gather_values, inherit, secret_names


def prepare_child(run: Run, found: Opened, values: Values) -> Start | str:
    """Returns how a child of `run` begins, or in words why it cannot. `values` are those of the unit."""
    runbook = found.runbook
    inherited = inherit(values, run.start.secret)
    values, problems = gather_values(runbook, Given(parent=inherited))
    problems = (*problems, *missing_values(runbook, values))
    try:
        if not run.start.prompted:
            require_agents(runbook, run.start.agent)
    except InvalidInputError as problem:
        problems = (*problems, *problem.diagnostics)
    if problems:
        return f"{found.document.file}: " + "; ".join(problem.message for problem in problems)
    return Start(
        values=values,
        secret=run.start.secret | secret_names(runbook),
        prompted=run.start.prompted,
        agent=run.start.agent,
        context_id=run.context_id,
        family=family_below(run),
        expires_at=run.start.expires_at,
        cwd=run.start.cwd,
    )


def hand_up(child: Run, ended: Ended, state: State) -> Iterator[Body]:
    """Yields what a child's end or pause means to the unit it stands in for, at `state` of its parent."""
    if ended.pause is not None:
        yield replace(ended.pause, position=state.position, detail=f"in {child.opened.document.file}")
        return
    end = ended.state
    names = {entry.split(" ", 1)[0] for entry in child.opened.runbook.front.outputs}
    for name in sorted((names & end.variables.keys()) - end.lost):
        yield OutputCaptured(position=state.position, name=name, value=end.variables[name])
    result = "pass" if end.lifecycle == "completed" else "fail"
    yield replace(report_of(state, result, ended.message), reported_by="child")


def report_of(state: State, result: str, note: str) -> StepFinished:
    """Returns a person's report on the unit where the machine is."""
    return StepFinished(
        step=state.step,
        substep=state.substep,
        iteration=state.iteration,
        result="pass" if result == "pass" else "fail",
        reported_by="person",
        note=note,
    )
