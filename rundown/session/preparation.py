"""Everything a run must have before it starts: its values, its required inputs, agents that exist."""

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from rundown.agents.launch import NO_COMMAND, plan_agent
from rundown.errors import InvalidInputError, PersonNeededError
from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import AgentBody, Input, ReferenceBody, Runbook
from rundown.session.library import Opened
from rundown.session.ports import Prompter
from rundown.session.project import current_branch, find_project
from rundown.session.run import Start
from rundown.session.surroundings import Surroundings
from rundown.session.unused import find_unused
from rundown.session.values import Given, Values, gather_values, missing_inputs, secret_names


class Invocation(Struct, frozen=True, kw_only=True):
    """How a run is started: what is given, by whom, and which root was named. `hidden`: inputs that are asked
    for without showing them, and are secret whatever the runbook says."""

    given: Given
    around: Surroundings
    prompter: Prompter
    root: Path | None = None
    hidden: tuple[str, ...] = ()
    prompted: bool = False
    agent: str | None = None


def prepare(opened: Opened, invocation: Invocation) -> Start:
    """Returns how the run begins; a person who is there is asked for inputs that are missing.

    Raises:
        InvalidInputError: a value is missing or not valid, or an agent step cannot be done.
        PersonNeededError: a hidden input, and nobody can be asked.
    """
    runbook = opened.runbook
    if not invocation.prompted:
        require_agents(runbook, invocation.agent)
    builtins = builtin_values(opened, invocation)
    given = replace(invocation.given, builtins=builtins)
    named = [word.partition("=")[0] for word in (*given.json_texts, *given.texts)]
    unused = tuple(find_unused(opened, (*named, *invocation.hidden)))
    given = replace(given, answers={} if unused else _answers(runbook, invocation, given))
    values, problems = gather_values(runbook, given)
    problems = (*unused, *problems, *missing_values(runbook, values), *_missing_sources(runbook, values))
    if problems:
        raise InvalidInputError(*problems)
    return Start(
        values=values,
        secret=secret_names(runbook) | set(invocation.hidden),
        prompted=invocation.prompted,
        agent=invocation.agent,
    )


def missing_values(runbook: Runbook, values: Values) -> tuple[Diagnostic, ...]:
    """Returns a problem for each required input without a value."""
    return tuple(
        Diagnostic(
            code="session/missing-required-vars",
            message=f"MISSING_REQUIRED_VARS: input `{item.name}` has no value",
            why=item.description or "the runbook requires it",
            fix=_flag(item),
        )
        for item in missing_inputs(runbook, values)
    )


def _flag(item: Input) -> str:
    if not item.options:
        return f"--input {item.name}=VALUE"
    return f"--input {item.name}={shlex.quote(item.options[0])}   (one of: {', '.join(item.options)})"


def require_agents(runbook: Runbook, agent: str | None) -> None:
    """Returns if every agent step of the runbook can be done by this version; which program `acp` is may
    be said by policy, which is not known here.

    Raises:
        InvalidInputError: with one problem for each step that cannot.
    """
    chosen = agent or runbook.front.agent
    bodies = (body for body in runbook.bodies() if isinstance(body, AgentBody))
    plans = [plan_agent(body, chosen) for body in bodies if body.kind or chosen]
    problems = [plan for plan in plans if isinstance(plan, Diagnostic) and plan.code != NO_COMMAND]
    if problems:
        raise InvalidInputError(*problems)


def builtin_values(opened: Opened, invocation: Invocation) -> Values:
    """Returns the built-in variables that do not change while the run goes; times are UTC."""
    around = invocation.around
    now = datetime.fromtimestamp(around.now_ns() / 1e9, UTC)
    project = find_project(opened.document.path, around.cwd, around.home, invocation.root)
    return {
        "Date": f"{now:%Y-%m-%d}",
        "DateTime": now.isoformat(timespec="seconds"),
        "Year": f"{now:%Y}",
        "Month": f"{now:%m}",
        "Day": f"{now:%d}",
        "Branch": current_branch(project.gitdir),
        "WorkPath": ".rundown/work",
    }


def _answers(runbook: Runbook, invocation: Invocation, given: Given) -> Values:
    """What a person says when asked for hidden inputs, and for required ones that have no value."""
    prompter = invocation.prompter
    declared = {item.name: item for item in runbook.front.inputs}
    hidden = [replace(declared.get(name, Input(name=name)), secret=True) for name in invocation.hidden]
    if hidden and not prompter.can_ask():
        raise PersonNeededError(*(_unaskable(item.name) for item in hidden))
    if not prompter.can_ask():
        return {}
    values, _ = gather_values(runbook, given)
    wanted = {item.name: item for item in (*missing_inputs(runbook, values), *hidden)}
    answers = {name: prompter.supply(item) for name, item in wanted.items()}
    return {name: answer for name, answer in answers.items() if answer is not None}


def _missing_sources(runbook: Runbook, values: Values) -> Iterator[Diagnostic]:
    """Yields a problem for each loop whose source no value, no step and no child can supply."""
    if any(isinstance(body, ReferenceBody) for body in runbook.bodies()):
        return
    handed = [name for step in runbook.steps for name in step.outputs]
    handed += [name for step in runbook.steps for part in step.substeps for name in part.outputs]
    supplied = {*values, *handed}
    for step in runbook.steps:
        if step.loop is not None and step.loop.source is not None and step.loop.source not in supplied:
            yield Diagnostic(
                code="session/no-such-source",
                message=f"step {step.id} loops over `{step.loop.source}`, which has no value",
                span=step.loop.span,
                why="no input gives it, and no step hands it on",
                fix=f"--input-json '{step.loop.source}=[…]', or --input {step.loop.source}=file:PATH",
            )


def _unaskable(name: str) -> Diagnostic:
    return Diagnostic(
        code="session/nobody-to-ask",
        message=f"nobody can be asked for `{name}`",
        why="--input-secret asks at the terminal",
        fix=f"RD_INPUT_{name} in the environment",
    )
