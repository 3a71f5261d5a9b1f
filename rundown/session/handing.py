"""What passes between a run and its child: values down, results up."""

import os
from collections.abc import Iterator

from msgspec.structs import replace

from rundown.engine.effects import LaunchChild
from rundown.engine.machine import apply, next_effect
from rundown.engine.state import State
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body, OutputCaptured, RunResumed
from rundown.session.again import report_of
from rundown.session.library import Opened
from rundown.session.preparation import missing_values, require_agents
from rundown.session.reopening import family_below
from rundown.session.run import Ended, Run, Start
from rundown.session.steering import StandIn, require_at
from rundown.session.values import Given, Values, gather_values, inherit, scope, secret_names


def prepare_child(run: Run, found: Opened, values: Values, given: Given = Given()) -> Start | str:  # noqa: B008
    """Returns how a child of `run` begins, or in words why it cannot. `values` are those of the unit; `given`
    wins over them."""
    runbook = found.runbook
    inherited = inherit(values, run.start.secret)
    values, problems = gather_values(runbook, replace(given, parent=inherited))
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


def prepare_stand_in(run: Run, wanted: StandIn) -> Start:
    """Returns how a runbook begins that a person runs in the place of the unit where `run` waits.

    Raises:
        EngineError: the run does not wait there.
        InvalidInputError: the runbook would run inside itself, or lacks a value.
    """
    assert run.replayed is not None
    state = run.replayed.state
    iteration = state.iteration if wanted.iteration is None else wanted.iteration
    require_at(run, state, State(step=wanted.step.step, substep=wanted.step.substep, iteration=iteration))
    path = wanted.opened.document.path
    own = {"RunId": run.directory.run_id, "RunbookRef": run.opened.document.file, "ContextId": run.context_id}
    values = scope(run.course, state, {**run.start.values, **own}, run.start.secret)
    start = prepare_child(run, wanted.opened, values, wanted.given)
    if path is not None and os.path.realpath(path) in family_below(run).files:
        start = f"{wanted.opened.document.file} would run inside itself"
    if isinstance(start, str):
        raise InvalidInputError(
            Diagnostic(
                code="session/not-linked", message=f"it cannot stand in for {state.position}", why=start
            )
        )
    return replace(start, prompted=wanted.prompted, agent=wanted.agent or start.agent)


def is_launching(run: Run) -> bool:
    """Whether a run that goes on is where it starts a child by itself."""
    assert run.replayed is not None
    return isinstance(
        next_effect(run.course, apply(run.course, run.replayed.state, RunResumed())), LaunchChild
    )
