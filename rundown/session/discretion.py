"""`Discreet`: whoever is asked sees no secret in the question: they are taken out before it is drawn.

What is decided is the request as it is; only what a person is shown of it is changed. A command that is shown
with something taken out cannot be edited there: what was taken out would be gone.
"""

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from rundown.model.runbook import Input
from rundown.record.stored import redact_body
from rundown.session.ports import (
    Ahead,
    Answer,
    Approach,
    Failure,
    Foreseen,
    HostQuestion,
    Mend,
    Prompter,
    Question,
    Report,
)

_S = TypeVar("_S", bound=Struct)


class Discreet:
    """Asks `inner`. `redact` takes out all secrets that are known by then."""

    def __init__(self, inner: Prompter, redact: Callable[[str], str]) -> None:
        self._inner = inner
        self._redact = redact
        self.can_ask = inner.can_ask

    def permit(self, question: Question) -> tuple[Answer, ...]:
        """Grants that can be taken back are named as they are: they are what is taken back."""
        request = self._shown(question.request)
        diff = self._redact(question.diff)
        shown = replace(self._shown(question), request=request, diff=diff, remembered=question.remembered)
        is_whole = shown.request.text == question.request.text
        return self._inner.permit(replace(shown, editable=question.editable and is_whole))

    def permit_host(self, question: HostQuestion) -> Answer:
        return self._inner.permit_host(self._shown(question))

    def preflight(self, questions: tuple[Foreseen, ...], denials: tuple[Foreseen, ...]) -> tuple[bool, ...]:
        shown = (tuple(self._shown(item) for item in items) for items in (questions, denials))
        return self._inner.preflight(*shown)

    def report(self, title: str) -> Report:
        return self._inner.report(self._redact(title))

    def settle_doubt(self, title: str) -> Report:
        return self._inner.settle_doubt(self._redact(title))

    def mend(self, failure: Failure) -> Mend:
        shown = self._shown(failure)
        return self._inner.mend(shown if shown.text == failure.text else replace(shown, text=""))

    def approach(self, ahead: Ahead) -> Approach:
        return self._inner.approach(self._shown(ahead))

    def supply(self, wanted: Input) -> str | None:
        return self._inner.supply(self._shown(wanted))

    def confirm(self, sentence: str) -> bool:
        return self._inner.confirm(self._redact(sentence))

    def _shown(self, item: _S) -> _S:
        return redact_body(item, self._redact)
