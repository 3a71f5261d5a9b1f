"""Going on with a run: what must be given again, what changed meanwhile, what cannot go on."""

from collections.abc import Iterator

from msgspec.structs import replace

from rundown.engine.state import State
from rundown.errors import InvalidInputError, PersonNeededError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body, RunPaused, StepFinished
from rundown.model.runbook import Input, Runbook
from rundown.session.ports import Prompter
from rundown.session.replay import Replayed
from rundown.session.run import Run
from rundown.session.values import Given, Values, gather_values


class Secrets:
    """Where the values come from that a run had and no record holds: given again, or asked for."""

    def __init__(self, given: Given, prompter: Prompter) -> None:
        self._given = given
        self._prompter = prompter

    def require_no_others(self, names: tuple[str, ...]) -> None:
        """Returns if no flag gives another input than `names`.

        Raises:
            InvalidInputError: the values of the others were fixed when the run began.
        """
        words = (*self._given.texts, *self._given.json_texts)
        others = sorted({word.partition("=")[0] for word in words} - set(names))
        if others:
            raise InvalidInputError(*(_fixed(name) for name in others))

    def give(self, runbook: Runbook, names: tuple[str, ...], known: Values) -> Values:
        """Returns a value for each of `names`; `known` are of the runs above.

        Raises:
            InvalidInputError: one is not what the runbook asks for.
            PersonNeededError: one is not given, and nobody can be asked.
        """
        declared = {item.name: item for item in runbook.front.inputs}
        wanted = tuple(replace(declared.get(name, Input(name=name)), secret=True) for name in names)
        front = replace(runbook.front, inputs=wanted, required=names)
        values, problems = gather_values(
            replace(runbook, front=front), replace(self._given, parent={**self._given.parent, **known})
        )
        if problems:
            raise InvalidInputError(*problems)
        for item in wanted:
            answer = None if item.name in values else self._prompter.supply(item)
            if answer is not None:
                values[item.name] = answer
        missing = [name for name in names if name not in values]
        if missing:
            raise PersonNeededError(*(_lost(name) for name in missing))
        return {name: values[name] for name in names}


def find_changes(run: Run, policy_digest: str) -> tuple[str, ...]:
    """Returns what is not as it was when the run began: `runbook`, `policy`."""
    replayed = run.replayed
    assert replayed is not None
    runbook = run.opened.runbook.digest != replayed.started.runbook_digest
    policy = replayed.policy is not None and replayed.policy.digest != policy_digest
    return tuple(name for name, changed in (("runbook", runbook), ("policy", policy)) if changed)


def require_unchanged(run: Run, prompter: Prompter) -> None:
    """Returns if the runbook is the one that the run began with, or a person wants to go on with it as it is.

    Raises:
        PersonNeededError: it changed, and nobody can be asked.
        InvalidInputError: it changed, and the person does not want to go on.
    """
    if "runbook" not in find_changes(run, ""):
        return
    message = f"{run.opened.document.file} changed since the run began"
    if not prompter.can_ask():
        raise PersonNeededError(
            Diagnostic(code="session/changed", message=message, fix="go on at a terminal, or start anew")
        )
    if not prompter.confirm(f"{message}: go on with it as it is now?"):
        raise InvalidInputError(
            Diagnostic(code="session/not-resumed", message="the run was left as it is", severity="warning")
        )


def settle_doubt(run: Run, prompter: Prompter) -> Iterator[Body]:
    """Yields what a person says of a step that was running when the last process died; nothing: again."""
    assert run.replayed is not None
    state = run.replayed.state
    title = f"step {state.position} {run.course.unit(state.step, state.substep).title}".rstrip()
    report = prompter.settle_doubt(title)
    if report.kind == "later":
        detail = "it may or may not have run to its end"
        yield RunPaused(reason="in-doubt", position=state.position, detail=detail)
    elif report.kind in ("pass", "fail"):
        yield report_of(state, report.kind, "it was in doubt")


def report_of(state: State, result: str, note: str) -> StepFinished:
    """Returns a person's report on the unit where the machine is."""
    return StepFinished(
        step=state.step,
        substep=state.substep,
        iteration=state.iteration,
        result="pass" if result == "pass" else "fail",
        reported_by="person",
        note=note,
    )


def run_is_over(run_id: str, replayed: Replayed | None) -> Diagnostic:
    """Returns the problem of a run that has ended, or never began."""
    how = "never began" if replayed is None else f"is {replayed.state.lifecycle}"
    return Diagnostic(
        code="session/run-over",
        message=f"run {run_id} {how}: there is nothing to go on with",
        fix="start a new one: rundown run FILE",
    )


def does_not_fit(run_id: str) -> Diagnostic:
    """Returns the problem of a log that tells of another runbook."""
    return Diagnostic(
        code="session/runbook-does-not-fit",
        message=f"run {run_id} cannot go on: its events do not fit the runbook as it is now",
        fix="put the runbook back as it was, or start a new run",
    )


def _lost(name: str) -> Diagnostic:
    return Diagnostic(
        code="session/secret-lost",
        message=f"the secret input `{name}` must be given again",
        why="secret values are on no record",
        fix=f"--input {name}=VALUE, or RD_INPUT_{name} in the environment",
    )


def _fixed(name: str) -> Diagnostic:
    return Diagnostic(
        code="session/input-is-fixed",
        message=f"`{name}` cannot be given to a run that has begun",
        why="its inputs were fixed then; only secret ones are given again",
        fix="start a new run with other inputs",
    )
