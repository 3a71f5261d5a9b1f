"""Runbooks for tests, built from model values in a line or two. Steps whose id is no number are named."""

from rundown.engine.course import Course, chart
from rundown.model.diagnostic import Span
from rundown.model.runbook import (
    Action,
    Body,
    CommandBody,
    Continue,
    Defer,
    DisplayBody,
    FrontMatter,
    Goto,
    Handler,
    Loop,
    LoopRange,
    ReferenceBody,
    Runbook,
    Step,
    Stop,
    Substep,
    Target,
    Transitions,
)

SPAN = Span(file="test.runbook.md", line=1)
COMMAND = CommandBody(language="bash", text="true\n", span=SPAN)
DISPLAY = DisplayBody(language="json", text="{}\n", span=SPAN)


def child(path: str) -> ReferenceBody:
    """Returns a body that runs another runbook."""
    return ReferenceBody(path=path, span=SPAN)


def retry(times: int, action: Action) -> Handler:
    """Returns `RETRY times action`."""
    return Handler(action=action, retry=times)


def goto(target: str, at: int | str | None = None) -> Goto:
    """Returns `GOTO target AT at`."""
    step_id, _, substep = target.partition(".")
    return Goto(target=Target(step=step_id, substep=substep or None), at=at)


def handlers(
    on_pass: Action | Handler = Continue(),  # noqa: B008 - frozen values
    on_fail: Action | Handler = Stop(),  # noqa: B008
    mode: str | None = None,
) -> Transitions:
    """Returns both handlers of a unit, step or loop."""
    return Transitions(on_pass=_handler(on_pass), on_fail=_handler(on_fail), mode=mode)  # type: ignore[arg-type]


def deferring(mode: str | None = None) -> Transitions:
    """Returns `PASS DEFER` and `FAIL DEFER`."""
    return handlers(Defer(), Defer(), mode)


def sub(substep_id: str, transitions: Transitions | None = None, body: Body | None = COMMAND) -> Substep:
    """Returns a substep; its command runs unless `body` says otherwise."""
    return Substep(
        id=substep_id,
        title=f"Substep {substep_id}",
        span=SPAN,
        transitions=transitions or handlers(),
        body=body,
    )


def step(
    step_id: str,
    *substeps: Substep,
    transitions: Transitions | None = None,
    loop: Loop | None = None,
    body: Body | None = COMMAND,
) -> Step:
    """Returns a step; without substeps its command runs unless `body` says otherwise."""
    return Step(
        id=step_id,
        named=not step_id.isdigit(),
        title=f"Step {step_id}",
        span=SPAN,
        transitions=transitions or handlers(),
        loop=loop,
        body=None if substeps else body,
        substeps=substeps,
    )


def loop(
    start: int | str | None = None,
    stop: int | str | None = None,
    *,
    of: str | None = None,
    block: Transitions | None = None,
) -> Loop:
    """Returns a FOR over numbers, over the source `of`, or over a window of it."""
    bounds = None if start is None or stop is None else LoopRange(start=start, stop=stop)
    return Loop(variable="v", bounds=bounds, source=of, transitions=block, span=SPAN)


def book(*steps: Step) -> Course:
    """Returns the course of a runbook of these steps."""
    return chart(
        Runbook(file="test.runbook.md", front=FrontMatter(name="test"), steps=steps, digest="sha256:0")
    )


def _handler(wanted: Action | Handler) -> Handler:
    return wanted if isinstance(wanted, Handler) else Handler(action=wanted)
