"""Runs one scenario of a runbook in a workspace of its own, and gathers what came of it.

The commands are carried out by the front end (`Dispatch`); what happened is read from the event logs that
they left, never from what they print.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from rundown.engine.course import Course, chart
from rundown.engine.machine import apply, initial
from rundown.engine.scenario import Seen, SeenEntry, SeenError, SeenStep, judge
from rundown.engine.scenario_command import ScenarioCommand, read_command
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import EffectFailed, Event, RunFinished, StepStarted
from rundown.model.runbook import CommandBody, ReferenceBody
from rundown.model.scenario import Scenario
from rundown.record.events import read_events
from rundown.record.rundir import EVENTS
from rundown.session.library import Document, Opened, parse_document
from rundown.session.reopening import RUNBOOK_COPY
from rundown.session.scenario_limits import check_limits
from rundown.session.scenario_story import explain

# Set-up is for a shell, held by the sandbox as a step is: it may run anything and change its workspace.
_SET_UP = (
    "exec",
    "--non-interactive",
    "--yes=all",
    "--allow-run",
    "*",
    "--allow-write",
    ".",
    "--",
    "/bin/sh",
    "-c",
)
_CODE = re.compile(r"\[([a-z-]+/[a-z-]+)\]")


class Done(Struct, frozen=True, kw_only=True):
    """How a command of a scenario ended: exit code, and what it said on standard error."""

    code: int
    said: str = ""


Dispatch = Callable[[tuple[str, ...], Mapping[str, str], Path], Done]
"""Carries out the words after `rundown`, with further variables, in a directory."""


def run_scenario(
    scenario: Scenario, opened: Opened, workspace: Path, dispatch: Dispatch, *, unlimited: bool = False
) -> tuple[Diagnostic, ...]:
    """Returns what was not as the scenario says; empty: it passed. `workspace` is an empty directory.
    `unlimited`: its commands may loosen what holds them, as whoever runs them allowed."""
    commands = [read_command(text) for text in scenario.commands]
    refused = tuple(item for item in commands if isinstance(item, Diagnostic))
    if refused:
        return refused
    ready = [item for item in commands if isinstance(item, ScenarioCommand)]
    beyond = () if unlimited else tuple(filter(None, map(check_limits, ready)))
    if beyond:
        return beyond
    missing = _fill(workspace, opened, ready)
    if missing:
        return missing
    errors: list[SeenError] = []
    for command in ready:
        before = len(_ends(workspace))
        done = _carry_out(command, workspace, dispatch)
        ended = len(_ends(workspace)) > before
        if command.must_fail == (done.code == 0) and not (ended and not command.must_fail):
            return (_wrong_exit(command, done),)
        errors.extend(_errors(command, done))
    seen = _gather(workspace, tuple(errors))
    last = _last_event(workspace)
    return tuple(explain(problem, seen, last) for problem in judge(scenario, seen))


def _fill(workspace: Path, opened: Opened, commands: list[ScenarioCommand]) -> tuple[Diagnostic, ...]:
    """Copies the runbook, those that the commands name, all that these refer to, and input folders."""
    source = opened.document.path
    if source is None:
        return (_gone("-", "a scenario needs a file"),)
    folder = source.resolve().parent
    target = workspace / ".rundown" / "runbooks"
    target.mkdir(parents=True)
    wanted = [source.name, *(name for command in commands for name in command.runbooks)]
    copied: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in copied:
            continue
        copied.add(name)
        found = _find(folder, name)
        if found is None:
            return (_gone(name, f"it is not beside {opened.document.file}"),)
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, place)
        wanted.extend(_references(found))
    for command in commands:
        for name in command.input_files:
            shutil.copytree((folder / name).parent, (workspace / name).parent, dirs_exist_ok=True)
    return ()


def _find(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / Path(name).name) if path.is_file()), None)


def _references(path: Path) -> Iterator[str]:
    try:
        runbook = parse_document(Document(file=str(path), path=path, content=path.read_bytes())).runbook
    except InvalidInputError:
        return
    for body in runbook.bodies():
        if isinstance(body, ReferenceBody) and "{{" not in body.path:
            yield body.path


def _carry_out(command: ScenarioCommand, workspace: Path, dispatch: Dispatch) -> Done:
    environment = dict(command.environment)
    if command.is_rundown:
        return dispatch(command.argv, environment, workspace)
    return dispatch((*_SET_UP, command.text), environment, workspace)


def _logs(workspace: Path) -> list[Path]:
    runs = workspace / ".rundown" / "runs"
    return sorted(path for path in runs.glob(f"*/{EVENTS}")) if runs.is_dir() else []


def _last_event(workspace: Path) -> Event | None:
    """The last event of the newest run that a command started."""
    for path in reversed(_logs(workspace)):
        events = tuple(read_events(path))
        if events and getattr(events[0].body, "parent_run", None) is None:
            return events[-1]
    return None


def _ends(workspace: Path) -> list[Event]:
    """Every end of a run, in the order of time."""
    events = [event for path in _logs(workspace) for event in read_events(path)]
    return sorted(
        (event for event in events if isinstance(event.body, RunFinished)), key=lambda item: item.at
    )


def _gather(workspace: Path, errors: tuple[SeenError, ...]) -> Seen:
    steps: list[tuple[str, SeenStep]] = []
    entered: list[tuple[str, SeenEntry]] = []
    failed: list[SeenError] = []
    for path in _logs(workspace):
        opened = parse_document(
            Document(file="", path=path, content=(path.parent / RUNBOOK_COPY).read_bytes())
        )
        _replay(chart(opened.runbook), path, steps, entered, failed)
    ends = _ends(workspace)
    last = ends[-1].body if ends else None
    return Seen(
        steps=tuple(step for _, step in sorted(steps, key=lambda item: item[0])),
        entered=tuple(entry for _, entry in sorted(entered, key=lambda item: item[0])),
        errors=(*errors, *failed),
        ended=last.status if isinstance(last, RunFinished) else None,
    )


def _replay(
    course: Course,
    path: Path,
    steps: list[tuple[str, SeenStep]],
    entered: list[tuple[str, SeenEntry]],
    failed: list[SeenError],
) -> None:
    state, runbook = initial(course), ""
    for event in read_events(path):
        unit = course.unit(state.step, state.substep)
        command = unit.body.text.strip() if isinstance(unit.body, CommandBody) else ""
        state = apply(course, state, event.body)
        runbook = getattr(event.body, "runbook_file", "") or runbook
        steps.extend(
            (event.at, SeenStep(runbook=runbook, taken=taken, command=command)) for taken in state.taken
        )
        if isinstance(event.body, StepStarted):
            entered.append(
                (event.at, SeenEntry(runbook=runbook, at=state.position, description=event.body.title))
            )
        if isinstance(event.body, EffectFailed):
            failed.append(SeenError(code=event.body.code, command="run", error=event.body.message))


def _errors(command: ScenarioCommand, done: Done) -> Iterator[SeenError]:
    if done.code != 0:
        verb = command.argv[0] if command.argv else ""
        codes = _CODE.findall(done.said) or [""]
        for code in codes:
            short = code.partition("/")[2]
            yield SeenError(code=short.upper().replace("-", "_"), command=verb, error=done.said)
            yield SeenError(code=code, command=verb, error=done.said)


def _wrong_exit(command: ScenarioCommand, done: Done) -> Diagnostic:
    wanted = "to fail" if command.must_fail else "to succeed"
    return Diagnostic(
        code="scenario/wrong-exit",
        message=f"`{command.text}` was expected {wanted} and ended with {done.code}",
        why=done.said.strip().split(os.linesep)[0],
    )


def _gone(name: str, why: str) -> Diagnostic:
    return Diagnostic(code="scenario/missing-runbook", message=f"`{name}` is needed and not there", why=why)
