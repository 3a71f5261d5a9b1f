"""Freezes an `ExecutionRequest`: after this, nothing about what will run can change.

Refuses nothing itself; what cannot be known (dynamic, unparseable) becomes an operation that policy judges.
"""

import shlex
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from rundown.model.diagnostic import Span
from rundown.model.digest import digest_value
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.model.runbook import AgentBody, CommandBody, FenceOptions, ShellOptions
from rundown.session.ports import Workspace
from rundown.shell.extract import extract, extract_argv
from rundown.shell.extraction import Extraction

AGENT_PROGRAM = "the agent that does this step"
"""Why the program of an agent that is talked to is among the operations."""

FENCE_PROGRAM = f"{AGENT_PROGRAM}, as the runbook's `command=` has it"
"""The same where the runbook says which program, and with which words."""


_SET_BY_SHELLS: Final = frozenset({"PWD", "OLDPWD", "SHLVL"})
"""Source: bash(1) "Shell Variables", POSIX.1-2024 `sh`, "Environment Variables": PWD."""


class Place(Struct, frozen=True, kw_only=True):
    """Which unit of which run asks. `cwd` is the project root's real path."""

    run_id: str
    position: str
    attempt: int
    cwd: str


def freeze_command(
    place: Place,
    body: CommandBody,
    shell: ShellOptions,
    workspace: Workspace,
    undashed: frozenset[str] = frozenset(),
) -> ExecutionRequest:
    """Returns the request of a command fence. `body.text` has its templates filled in already; `undashed`:
    private variables whose values begin with no dash."""
    argv = (*_shell_argv(body.language, shell, workspace), body.text)
    cwd, extra = _directory(place, body.options, workspace)
    found = extract(body.text, body.language, undashed)
    return ExecutionRequest(
        run_id=place.run_id,
        position=place.position,
        attempt=place.attempt,
        kind=body.language,
        text=body.text,
        argv=argv,
        cwd=cwd,
        env_names=tuple(sorted(_wanted_variables(found, body.options, workspace))),
        operations=_resolved(found, body.options, cwd, workspace) + extra,
        span=body.span,
        interactive=body.options.interactive,
        host=body.options.host,
        confirm=body.options.confirm,
        timeout_ns=body.options.timeout_ns,
    )


def freeze_argv(place: Place, argv: tuple[str, ...], workspace: Workspace) -> ExecutionRequest:
    """Returns the request of `rundown exec -- CMD ARG…`: no shell, the words as they were typed."""
    found = extract_argv(argv)
    options = FenceOptions()
    return ExecutionRequest(
        run_id=place.run_id,
        position=place.position,
        attempt=place.attempt,
        kind="argv",
        text="",
        argv=argv,
        cwd=place.cwd,
        env_names=tuple(sorted(_wanted_variables(found, options, workspace))),
        operations=_resolved(found, options, place.cwd, workspace),
        span=Span(file="<command line>", line=1, excerpt=shlex.join(argv)),
    )


def freeze_agent(place: Place, script: str, body: AgentBody, workspace: Workspace) -> ExecutionRequest:
    """Returns the request of an agent step whose agent is one governed shell script."""
    command = CommandBody(language="sh", text=script, span=body.span, options=body.options)
    return replace(freeze_command(place, command, ShellOptions(), workspace), kind="agent")


def freeze_talker(
    place: Place, argv: tuple[str, ...], body: AgentBody, workspace: Workspace
) -> ExecutionRequest:
    """Returns the request of an agent that is talked to: its program, by the words it is started with. The
    task is `text`; what the agent does about it is asked call by call."""
    cwd, extra = _directory(place, body.options, workspace)
    note = FENCE_PROGRAM if "command" in dict(body.parameters) else AGENT_PROGRAM
    program = Operation(capability=Capability.RUN, resource=argv[0], argv=argv, note=note)
    program = workspace.resolve(program, place.cwd)
    found = _resolved(Extraction(operations=(), variables=()), body.options, cwd, workspace)
    return replace(
        freeze_nothing(place, program, *found, *extra),
        kind="agent",
        text=body.text,
        argv=(program.resolved or argv[0], *argv[1:]),
        cwd=cwd,
        env_names=tuple(sorted(body.options.env)),
        span=body.span,
        host=body.options.host,
        confirm=body.options.confirm,
        timeout_ns=body.options.timeout_ns,
    )


def freeze_nothing(place: Place, *operations: Operation) -> ExecutionRequest:
    """Returns a request that starts nothing: rundown itself reads a file in the runbook's name, or asks what
    steps may do at all."""
    return ExecutionRequest(
        run_id=place.run_id,
        position=place.position,
        attempt=place.attempt,
        kind="argv",
        text="",
        argv=(),
        cwd=place.cwd,
        env_names=(),
        operations=operations,
    )


def binding_digest(salt: str, name: str, value: str) -> str:
    """Returns the digest that stands for a template value in a request. `salt` is on no record, so that
    nobody finds a secret by trying."""
    return digest_value("rundown/binding/1", [salt, name, value])


def _shell_argv(language: str, shell: ShellOptions, workspace: Workspace) -> tuple[str, ...]:
    """Source: bash(1) and sh(1): -e errexit, -u nounset; pipefail is bash's (and POSIX.1-2024's) alone."""
    words = [workspace.shell(language)]
    if language == "bash":
        words += ["--norc", "--noprofile"]
    if shell.errexit:
        words.append("-e")
    if shell.nounset:
        words.append("-u")
    if shell.pipefail and language == "bash":
        words += ["-o", "pipefail"]
    return (*words, "-c")


def _directory(
    place: Place, options: FenceOptions, workspace: Workspace
) -> tuple[str, tuple[Operation, ...]]:
    if options.cwd is None:
        return place.cwd, ()
    wanted = Operation(capability=Capability.READ, resource=options.cwd, note="the fence's cwd=")
    wanted = workspace.resolve(wanted, place.cwd)
    return wanted.resolved or place.cwd, (wanted,)


def _wanted_variables(found: Extraction, options: FenceOptions, workspace: Workspace) -> dict[str, str]:
    """Each name with who wants it. What a shell sets anew in any case is not taken from anybody."""
    used = (set(found.variables) & workspace.parent_variables()) - _SET_BY_SHELLS
    return dict.fromkeys(used, "used by the step's text") | dict.fromkeys(options.env, "the fence's env=")


def _resolved(
    found: Extraction, options: FenceOptions, cwd: str, workspace: Workspace
) -> tuple[Operation, ...]:
    named = tuple(
        Operation(capability=Capability.ENV, resource=name, note=note)
        for name, note in sorted(_wanted_variables(found, options, workspace).items())
    )
    host = tuple(
        Operation(capability=Capability.HOST, resource=word, note="the fence's word") for word in options.host
    )
    known: dict[Operation, Operation] = {}
    return tuple(_resolved_once(item, cwd, workspace, known) for item in (*found.operations, *named, *host))


def _resolved_once(
    item: Operation, cwd: str, workspace: Workspace, known: dict[Operation, Operation]
) -> Operation:
    """The same name at another place of the text is looked up once."""
    key = Operation(
        capability=item.capability, resource=item.resource, kind=item.kind, directory=item.directory
    )
    found = known.get(key)
    if found is None:
        found = known[key] = workspace.resolve(key, cwd)
    return replace(item, resolved=found.resolved, safe_path=found.safe_path)
