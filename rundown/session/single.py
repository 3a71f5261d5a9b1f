"""Runs one command as a step would be run, without a runbook and without a record."""

import os
import sys

from msgspec.structs import replace

from rundown.model.policy import Denied, LayerKind, Outcome, Rule
from rundown.model.request import Capability
from rundown.model.sandbox import ProcessResult, StageFailure
from rundown.session.build import House, RunRef
from rundown.session.launching import Terminal
from rundown.session.permissions import Permissions
from rundown.session.ports import OutputSink, Prompter, Subject
from rundown.session.request import Place, freeze_argv
from rundown.session.seal import check_seal

_POSITION = "exec"


def run_single(
    house: House, words: tuple[str, ...], prompter: Prompter, terminal: Terminal, output: OutputSink
) -> ProcessResult | Denied | StageFailure:
    """Returns how the command ended, what denied it, or which stage failed.

    `words[0]` was typed by a person and counts as allowed by flag; what it contains is decided as always.
    """
    house = _typed(house, words[0])
    cwd = os.path.realpath(house.desk.around.cwd)
    place = Place(run_id=_POSITION, position=_POSITION, attempt=1, cwd=cwd)
    has_terminal = terminal.size() is not None and terminal.stdin(interactive=True) is not None
    request = replace(freeze_argv(place, words, house.desk.workspace), interactive=has_terminal)
    permissions = Permissions(house.desk, prompter, house.describe_view, house.desk.keeper.personal())
    settling = permissions.settle(request, Subject(title="rundown exec"))
    while True:
        try:
            next(settling)
        except StopIteration as settled:
            decision = settled.value
            break
    if isinstance(decision, Denied):
        return decision
    launcher = house.launcher(RunRef(run_id=_POSITION, context_id=_POSITION), terminal)
    planned = launcher.plan(decision, {})
    if isinstance(planned, StageFailure):
        return planned
    check_seal(request, decision, planned.plan)
    for gap in planned.gaps:
        sys.stderr.write(f"rundown: not enforced here: {gap.message} [{gap.code}]\n")
    return launcher.launch(planned, output)


def _typed(house: House, word: str) -> House:
    rule = Rule(capability=Capability.RUN, verdict=Outcome.ALLOW, pattern=word, layer=LayerKind.FLAG)
    loaded = house.desk.loaded
    flags = replace(loaded.ruleset.flags, rules=(*loaded.ruleset.flags.rules, rule))
    ruleset = replace(loaded.ruleset, flags=flags)
    return replace(house, desk=replace(house.desk, loaded=replace(loaded, ruleset=ruleset)))
