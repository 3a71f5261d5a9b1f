"""What `resume`, `pass`, `fail`, `goto`, `stop` and `complete` share: find the run, go on with it."""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from rundown.cli.ending import tell_ending
from rundown.cli.front import open_front
from rundown.cli.inputs import given_values
from rundown.cli.places import runs_place
from rundown.cli.signals import forwarded
from rundown.cli.surroundings import read_surroundings
from rundown.model.contract import Contract
from rundown.record.listing import open_run
from rundown.record.rundir import CONTRACT
from rundown.session.build import open_house
from rundown.session.runner import Facts, Runner
from rundown.session.values import explicit_values
from rundown.session.wish import Wish


def go_on(
    run: str | None,
    wish: Wish,
    *,
    inputs: dict[str, tuple[str, ...]] | None = None,
    facts: Facts | None = None,
    as_json: bool = False,
    raw: bool = False,
) -> int:
    """Resumes a run; `facts` is what a person does to it first. Returns the exit code."""
    around = read_surroundings()
    with open_run(runs_place(wish.root, wish.runs_dir), run) as directory:
        run_id = directory.run_id
        contract = msgspec.json.decode(directory.read_file(CONTRACT), type=Contract)
    runbook = Path(contract.runbook_path) if contract.runbook_path else None
    wish = replace(wish, root=Path(contract.root))
    given = explicit_values(given_values(inputs, around)) if inputs is not None else {}
    front = open_front(around, wish, as_json=as_json, raw=raw)
    with open_house(wish, around, runbook, front.prompter) as house, forwarded(house.room):
        ended = Runner(house, front).resume(run_id, given, facts)
    return tell_ending(ended, prompted=contract.prompted or facts is not None, as_json=as_json)
