"""What `resume`, `pass`, `fail`, `goto`, `stop` and `complete` share: find the run, go on with it."""

import sys
from pathlib import Path

from msgspec.structs import replace

from rundown.cli.background import go_to_background
from rundown.cli.ending import Telling
from rundown.cli.front import Look, open_front
from rundown.cli.hangup import HangUp
from rundown.cli.inputs import given_values
from rundown.cli.options import flags_again
from rundown.cli.places import place_again, runs_place
from rundown.cli.report_options import Reports
from rundown.cli.reporting import Reporting
from rundown.cli.signals import heard
from rundown.cli.suggestion import write_suggestion
from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError
from rundown.model.contract import Contract
from rundown.model.diagnostic import Diagnostic
from rundown.model.sandbox import SandboxWish
from rundown.record.listing import list_runs, outermost_contract
from rundown.record.place import RunsPlace
from rundown.record.stash import Stash, find_active
from rundown.session.build import open_house
from rundown.session.library import open_runbook
from rundown.session.run import Start
from rundown.session.runner import Runner
from rundown.session.steering import Order
from rundown.session.values import load_values
from rundown.session.wish import Wish


def go_on(
    run: str | None,
    wish: Wish,
    *,
    inputs: dict[str, tuple[str, ...]],
    order: Order | None = None,
    reports: Reports = Reports(),  # noqa: B008 - a frozen value
    detach: bool = False,
) -> int:
    """Resumes a run; `order` is what a person does to it first. Returns the exit code."""
    background = go_to_background(as_json=reports.as_json) if detach else None
    if isinstance(background, int):
        return background
    around = read_surroundings()
    place = runs_place(wish.root, wish.runs_dir)
    run_id = run if run is not None else active_run(place)
    if run_id is None:
        return _nothing_active(order)
    contract = outermost_contract(place, run_id)
    runbook = Path(contract.runbook_path) if contract.runbook_path else None
    wish = replace(wish, root=Path(contract.root), sandbox=_isolation(contract, wish))
    given = given_values(inputs, around)
    wish = replace(wish, timeout_ns=reports.timeout_ns)
    front = open_front(around, wish, Look(as_json=reports.as_json, raw=reports.raw, plain=reports.plain))
    telling = Telling(
        prompted=contract.prompted or order is not None,
        as_json=reports.as_json,
        quiet=reports.quiet,
        again=flags_again(wish),
        place=place_again(contract.root, wish, around),
    )
    if background is not None:
        front = background.around(front, telling.place)
    hangup = HangUp()
    with (
        Reporting(reports, around.environ) as reporting,
        heard(front.terminal.size, front.ending, hangup) as hearing,
    ):
        with open_house(wish, around, runbook, front.prompter) as house:
            hearing.attach(house.room)
            front.notice.words = house.desk.loaded.notify
            runner = Runner(house, reporting.around(hangup.heeded(front), telling.place + telling.again))
            ended = runner.resume(contract.run_id, given, order)
            hearing.rest()
            if background is not None:
                background.tell_waiting(ended, front.notice.send, telling.place)
        if reporting.suggestion is not None and runbook is not None:
            start = Start(values=load_values(contract.inputs))
            opened = open_runbook(str(runbook), around.cwd)
            write_suggestion(reporting.suggestion, runner.needs, (wish, around), opened, start)
        return reporting.tell(ended, telling)


def _isolation(contract: Contract, wish: Wish) -> SandboxWish:
    """What a run asked for is asked for again, unless the person says something else now."""
    return "strict" if contract.isolation == "strict" and wish.sandbox == "default" else wish.sandbox


def active_run(place: RunsPlace) -> str | None:
    """Returns the newest run that has not ended and is not stashed, None without one."""
    entries = list_runs(place)
    active = find_active(entries, Stash(place).find(entries))
    return active.run_id if active is not None else None


def _nothing_active(order: Order | None) -> int:
    """To report on nothing is no mistake of whoever reports; to go on with nothing is."""
    if order is not None:
        sys.stdout.write("no run is active here\n")
        return 0
    raise InvalidInputError(
        Diagnostic(
            code="cli/no-active-run",
            message="there is no run to go on with",
            why="every run here has ended",
            fix="rundown run FILE; `rundown ls` lists the runs",
        )
    )
