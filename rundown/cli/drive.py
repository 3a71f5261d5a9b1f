"""`rundown pass`, `fail`, `goto`, `retry`, `stop`, `complete`: drive a run that waits for a person."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from rundown.cli.continuing import go_on
from rundown.cli.inputs import input_options
from rundown.cli.option_sections import SectionedCommand
from rundown.cli.options import policy_options
from rundown.cli.report_options import report_options
from rundown.engine.state import State
from rundown.model.event import Body, EndForced, Jumped, StepFinished
from rundown.session.steering import Order

_STEP = click.option("--step", metavar="STEP[.SUBSTEP]", help="Only if the run waits there.")
_NOTE = click.option("--note", default="", metavar="TEXT", help="Goes on record with the answer.")


_RUN = click.option("--run", metavar="ID", help="Which run; the newest without it.")
_RUNS_DIR = click.option(
    "--runs-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where the record is."
)


def _driving(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what all of them take but for which run: its record, how to show it, secrets, policy."""
    return _RUNS_DIR(policy_options(input_options(report_options(command))))


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@click.command(
    "pass",
    cls=SectionedCommand,
    epilog=_examples(
        "rundown pass                          what the newest run waits for is done",
        'rundown pass --run 98f3 --note "called the owner"',
    ),
)
@_NOTE
@_STEP
@click.option("--index", type=int, metavar="K", help="Only if the run waits in that iteration.")
@_RUN
@_driving
def passed(note: str, step: str | None, index: int | None, **words: Any) -> int:
    """Report that the unit a run waits for went well, and go on."""
    return go_on(**words, order=Order(facts=_reporting("pass", note, step, index)))


@click.command(
    "fail",
    cls=SectionedCommand,
    epilog=_examples(
        'rundown fail --note "the page stays blank"',
        "rundown fail --step 2.1               only if it waits there",
    ),
)
@_NOTE
@_STEP
@click.option("--index", type=int, metavar="K", help="Only if the run waits in that iteration.")
@_RUN
@_driving
def failed(note: str, step: str | None, index: int | None, **words: Any) -> int:
    """Report that the unit a run waits for went wrong, and go on."""
    return go_on(**words, order=Order(facts=_reporting("fail", note, step, index)))


@click.command(
    "goto", cls=SectionedCommand, epilog=_examples("rundown goto 2.1", "rundown goto 3 --index 4 --run 98f3")
)
@click.argument("target", metavar="STEP[.SUBSTEP]")
@click.option("--index", type=int, metavar="K", help="Which iteration of a FOR step.")
@_RUN
@_driving
def jumped(target: str, index: int | None, **words: Any) -> int:
    """Move a run to another step and go on from there."""
    step, _, substep = target.partition(".")
    body = Jumped(step=step, substep=substep or None, iteration=index)
    return go_on(**words, order=Order(facts=lambda state: (body,)))


@click.command(
    "retry",
    cls=SectionedCommand,
    epilog=_examples("rundown retry", "rundown retry 98f3 --allow-run kubectl"),
)
@click.argument("run", required=False)
@_driving
def retried(run: str | None, **words: Any) -> int:
    """Run the step again at which RUN has paused, whatever is known of its last attempt, and go on."""
    return go_on(run=run, **words, order=Order(facts=_again))


@click.command("stop", cls=SectionedCommand, epilog=_examples('rundown stop "rolled back by hand"'))
@click.argument("message", default="")
@_RUN
@_driving
def stopped(message: str, **words: Any) -> int:
    """End a run, and all below it, as failed."""
    body = EndForced(status="stopped", message=message)
    return go_on(**words, order=Order(facts=lambda state: (body,), ends=True))


@click.command(
    "complete", cls=SectionedCommand, epilog=_examples('rundown complete "the rest was done by hand"')
)
@click.argument("message", default="")
@_RUN
@_driving
def completed(message: str, **words: Any) -> int:
    """End a run, and all below it, as complete."""
    body = EndForced(status="completed", message=message)
    return go_on(**words, order=Order(facts=lambda state: (body,), ends=True))


def _again(state: State) -> Iterator[Body]:
    yield Jumped(step=state.step, substep=state.substep, iteration=state.iteration)


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
