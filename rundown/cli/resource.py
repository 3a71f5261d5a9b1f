"""What a Concourse pipeline says to the resource, and the run that it asks for.

Nobody is there to ask: every run is non-interactive. Policy and sandbox come from `source` alone, never from
the `params` of a step.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from rundown.cli.ending import Telling, tell_ending
from rundown.cli.front import Look, open_front
from rundown.cli.report_options import Reports
from rundown.cli.reporting import Reporting
from rundown.cli.signals import heard
from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError, RundownError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Event, ProcessEnded, StepFinished, StepStarted
from rundown.record.events import read_events
from rundown.record.results import Result, StepResult, Stored, digest_response
from rundown.record.rundir import EVENTS
from rundown.session.build import open_house
from rundown.session.library import STDIN, Document, Opened, open_runbook, parse_document
from rundown.session.preparation import Invocation, prepare
from rundown.session.run import Ended
from rundown.session.runner import Runner
from rundown.session.surroundings import Surroundings
from rundown.session.values import Given
from rundown.session.wish import Wish
from rundown.syntax.duration import parse_duration


class Params(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a step may say of the run: `params` of a `put`. Paths are below the directory of its inputs."""

    runbook: str | None = None
    runbook_text: str | None = None
    inputs: dict[str, object] = {}
    agent: str | None = None
    timeout: str | None = None


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The resource's configuration. `policy`: a path, or a document; `env`: variables that rundown has, and
    that policy may let through; `store`: where results are kept; `carry`: versions hold their result."""

    runbook: str | None = None
    runbook_text: str | None = None
    inputs: dict[str, object] = {}
    agent: str | None = None
    timeout: str | None = None
    policy: str | dict[str, object] | None = None
    env: dict[str, str] = {}
    root: str | None = None
    sandbox: Literal["default", "best", "strict", "none"] = "default"
    trust_project: bool = False
    store: str | None = None
    carry: bool = False


class Version(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A result by its digest; `result` holds it where the source says `carry`."""

    ref: str
    result: str | None = None


def run_resource(source: Source, params: Params, project: Path | None) -> Stored:
    """Runs what the source and the step say, with `project` as root if there is one; returns its result. The
    log of the run goes to standard error.

    Raises:
        RundownError: it did not complete, or could not start.
    """
    chosen = _merged(source, params)
    root = _root(source, chosen, project)
    around = _around(source, root)
    with contextlib.redirect_stdout(sys.stderr), contextlib.ExitStack() as stack:
        policy = _policy_file(source, stack, around.cwd)
        wish = Wish(
            policy_file=policy,
            non_interactive=True,
            sandbox=source.sandbox,
            trust_project=source.trust_project,
            root=root,
            runs_dir=store_folder(source) / "runs",
            timeout_ns=_timeout(chosen),
        )
        return _run(chosen, wish, around)


def store_folder(source: Source) -> Path:
    """Returns where results are kept."""
    if source.store is not None:
        return Path(source.store).absolute()
    return read_surroundings().state / "concourse"


def _run(chosen: Params, wish: Wish, around: Surroundings) -> Stored:
    opened = _open(chosen, around.cwd)
    front = open_front(around, wish, Look(plain=True))
    given = Given(files=(dict(chosen.inputs),), environment=around.environ)
    invocation = Invocation(
        given=given, around=around, prompter=front.prompter, root=wish.root, agent=chosen.agent
    )
    with Reporting(Reports(), {}) as reporting:
        start = prepare(opened, invocation)
        with (
            heard(front.terminal.size, front.ending) as hearing,
            open_house(wish, around, opened.document.path, front.prompter) as house,
        ):
            hearing.attach(house.room)
            ended = Runner(house, reporting.around(front, "")).start(opened, start)
            hearing.rest()
    tell_ending(ended, Telling())
    if ended.state.lifecycle != "completed":
        raise RundownError(_not_completed(ended))
    return _stored(opened, ended)


def _stored(opened: Opened, ended: Ended) -> Stored:
    events = tuple(read_events(ended.path / EVENTS))
    outputs = {entry.split(" ", 1)[0] for entry in opened.runbook.front.outputs}
    printed = [event.body.output for event in events if isinstance(event.body, ProcessEnded)]
    response = (ended.path / printed[-1]).read_bytes() if printed else b""
    result = Result(
        runbook=opened.document.file,
        runbook_digest=opened.runbook.digest,
        status=ended.state.lifecycle,
        message=ended.message,
        outputs={name: text for name, text in ended.state.variables.items() if name in outputs},
        steps=_steps(events),
        response_digest=digest_response(response),
        run_id=ended.run_id,
        ended_at=events[-1].at,
    )
    receipt = ended.receipt.read_bytes() if ended.receipt is not None else b""
    return Stored(result=result, response=response, receipt=receipt)


def _steps(events: tuple[Event, ...]) -> tuple[StepResult, ...]:
    titles = {
        body.position: body.title
        for body in (event.body for event in events)
        if isinstance(body, StepStarted)
    }
    return tuple(
        StepResult(position=body.position, title=titles.get(body.position, ""), result=body.result)
        for body in (event.body for event in events)
        if isinstance(body, StepFinished)
    )


def _merged(source: Source, params: Params) -> Params:
    """The step's words before the source's; a runbook of the step is the only one."""
    names_one = params.runbook is not None or params.runbook_text is not None
    chosen = (
        params if names_one else replace(params, runbook=source.runbook, runbook_text=source.runbook_text)
    )
    if (chosen.runbook is None) == (chosen.runbook_text is None):
        raise InvalidInputError(
            Diagnostic(
                code="concourse/no-runbook",
                message="there must be one runbook",
                why="neither `runbook` nor `runbook_text` is given, or both are",
                fix="source: {runbook: PATH}",
            )
        )
    return replace(
        chosen,
        inputs={**source.inputs, **params.inputs},
        agent=params.agent or source.agent,
        timeout=params.timeout or source.timeout,
    )


def _root(source: Source, chosen: Params, project: Path | None) -> Path | None:
    """The project's root: the step's inputs, the source's, one of our own for a text; None: look for it."""
    if project is not None:
        return project
    if source.root is not None:
        return Path(source.root)
    if chosen.runbook_text is None:
        return None
    own = store_folder(source) / "project"
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    return own


def _around(source: Source, root: Path | None) -> Surroundings:
    around = read_surroundings()
    environ = {**around.environ, **source.env}
    return _elsewhere(around, environ, (around.cwd / root).resolve() if root is not None else around.cwd)


def _elsewhere(around: Surroundings, environ: Mapping[str, str], cwd: Path) -> Surroundings:
    return replace(around, environ=environ, cwd=cwd, has_terminal=False, stdout_terminal=False)


def _open(chosen: Params, cwd: Path) -> Opened:
    if chosen.runbook_text is not None:
        return parse_document(Document(file=STDIN, path=None, content=chosen.runbook_text.encode()))
    assert chosen.runbook is not None
    return open_runbook(chosen.runbook, cwd)


def _policy_file(source: Source, stack: contextlib.ExitStack, cwd: Path) -> str | None:
    """The policy's name; a document that stands in the source is written where no step can see it."""
    if source.policy is None:
        return None
    if isinstance(source.policy, str):
        is_name = source.policy.startswith("git:")
        return source.policy if is_name else str(cwd / source.policy)
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rundown-policy-"))
    place = os.path.join(folder, "source.policy.json")
    with open(place, "wb") as stream:
        stream.write(msgspec.json.encode(source.policy))
    return place


def _timeout(chosen: Params) -> int | None:
    if chosen.timeout is None:
        return None
    found = parse_duration(chosen.timeout)
    if found is None:
        why = "write 90s, 10m or 1h30m"
        raise InvalidInputError(
            Diagnostic(code="concourse/bad-timeout", message=f"`{chosen.timeout}` is no time", why=why)
        )
    return found


def _not_completed(ended: Ended) -> Diagnostic:
    reason = ended.pause.reason if ended.pause is not None else ended.state.lifecycle
    why = ended.pause.detail if ended.pause is not None else ended.message
    return Diagnostic(
        code="concourse/not-completed",
        message=f"the run did not complete: {reason}",
        why=why,
        fix="what it printed stands above; its log and receipt are in the store",
    )
