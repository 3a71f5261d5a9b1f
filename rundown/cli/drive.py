"""`rundown pass`, `fail`, `goto`, `stop`, `complete`: drive a run that waits for a person."""

from collections.abc import Iterator

import click

from rundown.cli.continuing import go_on
from rundown.cli.options import policy_options
from rundown.engine.state import State
from rundown.model.event import Body, EndForced, Jumped, StepFinished
from rundown.session.wish import Wish

_RUN = click.option("--run", metavar="ID", help="Which run; the newest without it.")


@click.command("pass")
@_RUN
@click.option("--note", default="", metavar="TEXT", help="Goes on record with the answer.")
@policy_options
def passed(run: str | None, note: str, wish: Wish) -> int:
    """Report that the unit a run waits for went well, and go on."""
    return go_on(run, wish, facts=lambda state: _report(state, passes=True, note=note))


@click.command("fail")
@_RUN
@click.option("--note", default="", metavar="TEXT", help="Goes on record with the answer.")
@policy_options
def failed(run: str | None, note: str, wish: Wish) -> int:
    """Report that the unit a run waits for went wrong, and go on."""
    return go_on(run, wish, facts=lambda state: _report(state, passes=False, note=note))


@click.command("goto")
@click.argument("target", metavar="STEP[.SUBSTEP]")
@click.option("--index", type=int, metavar="K", help="Which iteration of a FOR step.")
@_RUN
@policy_options
def jumped(target: str, index: int | None, run: str | None, wish: Wish) -> int:
    """Move a run to another step and go on from there."""
    step, _, substep = target.partition(".")
    body = Jumped(step=step, substep=substep or None, iteration=index)
    return go_on(run, wish, facts=lambda state: iter((body,)))


@click.command("stop")
@click.argument("message", default="")
@_RUN
@policy_options
def stopped(message: str, run: str | None, wish: Wish) -> int:
    """End a run as failed."""
    return go_on(run, wish, facts=lambda state: iter((EndForced(status="stopped", message=message),)))


@click.command("complete")
@click.argument("message", default="")
@_RUN
@policy_options
def completed(message: str, run: str | None, wish: Wish) -> int:
    """End a run as complete."""
    return go_on(run, wish, facts=lambda state: iter((EndForced(status="completed", message=message),)))


def _report(state: State, *, passes: bool, note: str) -> Iterator[Body]:
    yield StepFinished(
        step=state.step,
        substep=state.substep,
        iteration=state.iteration,
        result="pass" if passes else "fail",
        reported_by="person",
        note=note,
    )
