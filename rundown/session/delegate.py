"""`Delegate`: one attempt of an agent that is talked to, from its first line to the end of its process.

Fails closed: a message that is none, a dead pipe, a bridge that cannot answer, and a limit that is reached
end the step with that reason; nothing is allowed after it.
"""

import json
import queue
from collections.abc import Callable, Generator, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from rundown.agents.call import Permit, ToolCall
from rundown.agents.happening import (
    Broken,
    Called,
    Conversation,
    Ended,
    Happening,
    Noted,
    Said,
    Send,
    Spent,
    Spoken,
    Turned,
)
from rundown.agents.lines import Lines, LineTooLongError
from rundown.model.event import Body
from rundown.model.sandbox import ProcessResult, StageFailure
from rundown.session.ports import Stream
from rundown.session.talking import DeafError, Talk

_LAST_PATIENCE_S: Final = 10.0
"""For a process that has said that it is done."""

_TERM: Final = 15
_SHOWN_LINES: Final = 12
_SAID_CHARACTERS: Final = 1 << 16

Decide = Callable[[ToolCall], Generator[Body, None, Permit]]


class Limits(Struct, frozen=True, kw_only=True):
    """What ends the step. `turns`: answers of the model."""

    budget_usd: float | None = None
    turns: int | None = None


class Delegate:
    """`show` takes what people see, `keep(by, line)` what the transcript holds, `decide` answers calls.
    `said` is the end of the agent's own words, nothing of its calls among them."""

    def __init__(
        self,
        conversation: Conversation,
        decide: Decide,
        *,
        show: Callable[[Stream, bytes], None],
        keep: Callable[[str, bytes], None],
        limits: Limits,
    ) -> None:
        self._conversation = conversation
        self._decide = decide
        self._show = show
        self._keep = keep
        self._limits = limits
        self._turns = 0
        self._talk: Talk | None = None
        self._done = False
        self._failure = ""
        self._in_line = False
        self.reason = ""
        self.last_message = ""
        self.said = ""

    def exceeded(self, reason: str) -> None:
        """Ends the step with this reason. May be called from any thread."""
        self.reason = self.reason or reason
        if self._talk is not None:
            self._talk.stop()

    def run(self, talk: Talk) -> Generator[Body, None, ProcessResult | StageFailure]:
        """Yields the facts of every call; returns how the process ended, and why if rundown ended it."""
        self._talk = talk
        if self.reason:
            talk.stop()
        lines = Lines()
        try:
            self._send(self._conversation.open())
            while (found := self._next(talk)) is not None:
                stream, chunk = found
                if stream == "stderr":
                    self._keep("stderr", chunk)
                    continue
                for line in lines.feed(chunk):
                    self._keep("agent", line)
                    yield from self._take(line)
        except (DeafError, LineTooLongError) as error:
            self.exceeded(f"protocol: {error.diagnostics[0].message}")
        talk.hang_up()
        return self._named(talk.finish())

    def _next(self, talk: Talk) -> tuple[Stream, bytes] | None:
        try:
            return talk.receive(_LAST_PATIENCE_S if self._done else None)
        except queue.Empty:
            talk.stop()
            return talk.receive()

    def _take(self, line: bytes) -> Iterator[Body]:
        if self._done or self.reason:
            return  # what comes after the end is kept, and answered by nobody
        for happening in self._conversation.receive(line):
            yield from self._happen(happening)

    def _happen(self, happening: Happening) -> Iterator[Body]:
        match happening:
            case Send(content=content):
                self._send(content)
            case Said(text=text, whole=whole):
                self.last_message = text if whole else self.last_message + text
                text += "\n" if whole else ""
                self.said = (self.said + text)[-_SAID_CHARACTERS:]
                self._print(text)
            case Spoken():
                self.said += "\n"
                self._print("\n" if self._in_line else "")
            case Called(call=call):
                yield from self._answer(call)
            case Noted(text=text):
                self._line(text)
            case Turned():
                self._turns += 1
                if self._limits.turns is not None and self._turns > self._limits.turns:
                    self.exceeded(f"max-turns: the model answered {self._limits.turns} times")
            case Spent(cost_usd=cost):
                if self._limits.budget_usd is not None and cost > self._limits.budget_usd:
                    self.exceeded(
                        f"budget-usd: {cost:.2f} of {self._limits.budget_usd:.2f} US dollars are spent"
                    )
            case Ended(failure=failure):
                self._done, self._failure = True, failure
                if self._talk is not None:
                    self._talk.hang_up()
            case Broken(reason=reason):
                self.exceeded(f"protocol: {reason}")

    def _answer(self, call: ToolCall) -> Iterator[Body]:
        permit = yield from self._decide(call)
        shown = str(call).splitlines() or [""]
        more = f" … ({len(shown)} lines)" if len(shown) > _SHOWN_LINES else ""
        text = "\n    ".join(shown[:_SHOWN_LINES]) + more
        self._line(text if permit.allowed else f"{text}\n    {permit.reason.partition('. ')[0]}")
        if not self.reason:
            self._send(self._conversation.answer(call, permit))

    def _line(self, text: str) -> None:
        """A line about the agent, indented as what is none of its words."""
        self._print(("\n" if self._in_line else "") + f"  > {text}\n")

    def _print(self, text: str) -> None:
        if text:
            self._in_line = not text.endswith("\n")
            self._show("stdout", text.encode("utf-8", "replace"))

    def _send(self, content: bytes) -> None:
        assert self._talk is not None
        for line in content.splitlines():
            self._keep("rundown", line)
        self._talk.send(content)

    def _named(self, result: ProcessResult | StageFailure) -> ProcessResult | StageFailure:
        """Says by name why rundown ended it; a process that was done has ended well, however it went."""
        if isinstance(result, StageFailure):
            return result
        if self.reason:
            interrupted = result.ending == "interrupted"
            ended = {"ending": "signalled", "signal": _TERM} if interrupted else {}
            return replace(result, reason=self.reason, **ended)
        if self._done and self._failure:
            return replace(result, reason=self._failure)
        if self._done and result.ending in ("exited", "signalled", "interrupted"):
            return replace(result, ending="exited", status=0, signal=None)
        if result.ending == "exited":
            return replace(result, reason=result.reason or "it ended without an answer")
        return result


def transcript_line(by: str, line: bytes) -> bytes:
    """Returns one line of a transcript: who said it, and what, as JSON."""
    return json.dumps({"by": by, "line": line.decode("utf-8", "replace")}).encode() + b"\n"
