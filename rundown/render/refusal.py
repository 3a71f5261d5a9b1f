"""A denied step as the diagnostics that a person reads: one a denied operation, and one mend for all."""

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.event import Body, DecisionMade, StepFinished
from rundown.model.policy import Outcome, Rule, Ruling
from rundown.model.request import ExecutionRequest
from rundown.render.question import VERBS

FLAGS = "{flags}"
"""Where flags go in a command; at its end without it."""


class RefusalReader:
    """Follows the events of a run and knows what its last refusal was about."""

    def __init__(self) -> None:
        self._frozen: ExecutionRequest | None = None
        self._denials: tuple[Ruling, ...] = ()

    def read(self, body: Body) -> None:
        """Takes one event in."""
        if isinstance(body, StepFinished):
            self._denials = ()
        if not isinstance(body, DecisionMade):
            return
        self._frozen = body.frozen or self._frozen
        denied = tuple(item for item in body.rulings if item.outcome is Outcome.DENY)
        self._denials = denied if body.outcome == "deny" else ()

    def diagnostics(self, resume: str) -> tuple[Diagnostic, ...]:
        """Returns one problem for each denied operation of the last refusal."""
        if self._frozen is None:
            return ()
        return refusal_diagnostics(self._frozen, self._denials, resume)

    def mend(self, resume: str) -> str:
        """Returns the one command that would lift several denials, or "" where no flag can."""
        flags = [item.fix.flag for item in self._denials if item.fix is not None and item.fix.flag]
        if len(flags) < max(2, len(self._denials)):
            return ""
        return _with_flags(resume, " ".join(dict.fromkeys(flags)))


def refusal_diagnostics(
    request: ExecutionRequest, denials: tuple[Ruling, ...], resume: str
) -> tuple[Diagnostic, ...]:
    """Returns what was denied, where it stands, why, and the flag or line that changes it.

    `resume` is the command to which the flag is added (`rundown resume 0193…`).
    """
    return tuple(_refusal(request, item, resume) for item in denials)


def _refusal(request: ExecutionRequest, ruling: Ruling, resume: str) -> Diagnostic:
    item = ruling.operation
    who = "the command" if _is_typed(request) else f"step {request.position}"
    what = f"{who} may not {VERBS[item.capability]} `{item.resource}`"
    if item.note and item.note not in ruling.why:
        what += f" ({item.note})"
    return Diagnostic(
        code="policy/denied",
        message=what,
        span=_place(request, item.span),
        why=_why(ruling),
        fix=_fix(ruling, resume),
    )


def _place(request: ExecutionRequest, span: tuple[int, int]) -> Span | None:
    """Finds line and column of a byte span in the runbook, below the opening fence."""
    fence = request.span
    if fence is None or request.kind not in ("bash", "sh") or span == (0, 0):
        return fence
    text = request.text.encode()
    before = request.as_written(text[: span[0]].decode("utf-8", "replace"))
    row = before.count("\n")
    column = len(before) - (before.rfind("\n") + 1)
    lines = request.text.split("\n")
    marked = request.as_written(text[span[0] : span[1]].decode("utf-8", "replace"))
    return Span(
        file=fence.file,
        line=fence.line + 1 + row,
        column=column + 1,
        length=len(marked),
        excerpt=request.as_written(lines[row]) if row < len(lines) else "",
    )


def _is_typed(request: ExecutionRequest) -> bool:
    """Whether a person typed it, so that it stands in no runbook."""
    return request.kind == "argv" and request.span is not None


def _why(ruling: Ruling) -> str:
    if ruling.why or ruling.rule is None:
        return ruling.why
    return _rule(ruling.rule)


def _rule(rule: Rule) -> str:
    where = f", {rule.span}" if rule.span is not None else ""
    reason = f": {rule.reason}" if rule.reason else ""
    return f'{rule.verdict.value} "{rule.pattern}", {rule.layer.value} policy{where}{reason}'


def _fix(ruling: Ruling, resume: str) -> str:
    if ruling.fix is None:
        return ""
    flag = _with_flags(resume, ruling.fix.flag) if ruling.fix.flag else ""
    line = f"in .rundownrc.yaml: {ruling.fix.yaml}" if ruling.fix.yaml else ""
    return f"{flag}      (or {line})" if flag and line else flag or line


def _with_flags(command: str, flags: str) -> str:
    return command.replace(FLAGS, flags, 1) if FLAGS in command else f"{command} {flags}"
