"""`rundown pass`, `fail`, `goto`, `stop`, `complete`: drive a run that waits for a person."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from rundown.cli.continuing import go_on
from rundown.cli.inputs import input_options
from rundown.cli.options import policy_options
from rundown.cli.report_options import report_options
from rundown.engine.state import State
from rundown.model.event import Body, EndForced, Jumped, StepFinished
from rundown.session.steering import Order

_STEP = click.option("--step", metavar="STEP[.SUBSTEP]", help="Only if the run waits there.")
_NOTE = click.option("--note", default="", metavar="TEXT", help="Goes on record with the answer.")


def _driving(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what all of them take: which run, its record, how to show it, secrets, policy."""
    decorated = policy_options(input_options(report_options(command)))
    options = (
        click.option("--run", metavar="ID", help="Which run; the newest without it."),
        click.option(
            "--runs-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where the record is."
        ),
    )
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


@click.command("pass")
@_NOTE
@_STEP
@click.option("--index", type=int, metavar="K", help="Only if the run waits in that iteration.")
@_driving
def passed(note: str, step: str | None, index: int | None, **words: Any) -> int:
    """Report that the unit a run waits for went well, and go on."""
    return go_on(**words, order=Order(facts=_reporting("pass", note, step, index)))


@click.command("fail")
@_NOTE
@_STEP
@click.option("--index", type=int, metavar="K", help="Only if the run waits in that iteration.")
@_driving
def failed(note: str, step: str | None, index: int | None, **words: Any) -> int:
    """Report that the unit a run waits for went wrong, and go on."""
    return go_on(**words, order=Order(facts=_reporting("fail", note, step, index)))


@click.command("goto")
@click.argument("target", metavar="STEP[.SUBSTEP]")
@click.option("--index", type=int, metavar="K", help="Which iteration of a FOR step.")
@_driving
def jumped(target: str, index: int | None, **words: Any) -> int:
    """Move a run to another step and go on from there."""
    step, _, substep = target.partition(".")
    body = Jumped(step=step, substep=substep or None, iteration=index)
    return go_on(**words, order=Order(facts=lambda state: (body,)))


@click.command("stop")
@click.argument("message", default="")
@_driving
def stopped(message: str, **words: Any) -> int:
    """End a run, and all below it, as failed."""
    body = EndForced(status="stopped", message=message)
    return go_on(**words, order=Order(facts=lambda state: (body,), ends=True))


@click.command("complete")
@click.argument("message", default="")
@_driving
def completed(message: str, **words: Any) -> int:
    """End a run, and all below it, as complete."""
    body = EndForced(status="completed", message=message)
    return go_on(**words, order=Order(facts=lambda state: (body,), ends=True))


def _reporting(
    result: str, note: str, step: str | None, index: int | None
) -> Callable[[State], Iterator[Body]]:
    def facts(state: State) -> Iterator[Body]:
        named, _, substep = (step or "").partition(".")
        yield StepFinished(
            step=named or state.step,
            substep=(substep or None) if named else state.substep,
            iteration=state.iteration if index is None else index,
            result="pass" if result == "pass" else "fail",
            reported_by="person",
            note=note,
        )

    return facts
