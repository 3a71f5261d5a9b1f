"""`rundown run CHILD --step ID`: a runbook that a person runs in the place of a step that waits."""

from rundown.cli.continuing import active_run, go_on
from rundown.cli.inputs import given_values
from rundown.cli.part_options import Part
from rundown.cli.places import runs_place
from rundown.cli.report_options import Reports
from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import Target
from rundown.session.library import open_runbook
from rundown.session.steering import Order, StandIn
from rundown.session.wish import Wish


def stand_in(
    file: str,
    part: Part,
    wish: Wish,
    *,
    inputs: dict[str, tuple[str, ...]],
    reports: Reports,
) -> int | None:
    """Runs `file` in the place of the step that `part` names and goes on with its run; returns the exit code,
    None if this is to be a run of its own.

    Raises:
        InvalidInputError: nothing waits there, or the runbook cannot be had.
    """
    parent = _parent(part, wish)
    if parent is None:
        return None
    around = read_surroundings()
    opened = open_runbook(file, around.cwd)
    step, _, substep = (part.step or "").partition(".")
    child = StandIn(
        opened=opened,
        step=Target(step=step, substep=substep or None),
        iteration=part.index,
        given=given_values(inputs, around),
        prompted=part.prompted,
        agent=part.agent,
    )
    order = Order(facts=lambda state: (), stand_in=child)
    nothing: dict[str, tuple[str, ...]] = {"texts": (), "json_texts": (), "files": (), "hidden": ()}
    return go_on(parent, wish, inputs=nothing, order=order, reports=reports)


def _parent(part: Part, wish: Wish) -> str | None:
    """Returns the active run, in which `--step` names a step; None if this is to be a run of its own: there
    is no `--step`, or no run is active and `--prompted` takes it for the place to begin.

    Raises:
        InvalidInputError: nothing waits.
    """
    run_id = active_run(runs_place(wish.root, wish.runs_dir)) if part.step is not None else None
    if part.step is None or run_id is not None or part.prompted:
        return run_id
    raise InvalidInputError(
        Diagnostic(
            code="cli/no-parent",
            message=f"no run waits at step {part.step}",
            why="--step runs a runbook in the place of a step of the active run, and no run is active here",
            fix="--from ID begins at a step; `rundown ls` lists the runs",
        )
    )
