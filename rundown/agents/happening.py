"""What an agent's protocol brings, one value each, and the interface that every adapter's side of it has."""

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from rundown.agents.call import Permit, ToolCall


class Send(Struct, frozen=True, kw_only=True):
    """Bytes that the protocol itself owes the agent: whole lines."""

    content: bytes


class Said(Struct, frozen=True, kw_only=True):
    """Text of the agent, for people and for the verdict. `whole`: a message of its own, no piece of one."""

    text: str
    whole: bool = True


class Spoken(Struct, frozen=True, kw_only=True):
    """A message that came in pieces is over: what the agent says next begins a line."""


class Called(Struct, frozen=True, kw_only=True):
    """The agent wants to do something and waits for `answer`."""

    call: ToolCall


class Noted(Struct, frozen=True, kw_only=True):
    """Something worth a line: a call that begins, fails, or was refused by the agent's own rules."""

    text: str


class Turned(Struct, frozen=True, kw_only=True):
    """The model answered once more."""


class Spent(Struct, frozen=True, kw_only=True):
    """What the agent says the whole step cost so far."""

    cost_usd: float


class Ended(Struct, frozen=True, kw_only=True):
    """The agent is done. `failure`: why it could not do its work ("" if it says that it did)."""

    failure: str = ""


class Broken(Struct, frozen=True, kw_only=True):
    """The protocol was not kept: nothing more is allowed, and the step ends with this reason."""

    reason: str


Happening = Send | Said | Spoken | Called | Noted | Turned | Spent | Ended | Broken


class Conversation(Protocol):
    """One side of one agent's protocol: bytes in, happenings out. It reads and writes nothing itself."""

    def open(self) -> bytes:
        """Returns what is sent first."""
        ...

    def receive(self, line: bytes) -> Iterator[Happening]:
        """Yields what one line of the agent means."""
        ...

    def answer(self, call: ToolCall, permit: Permit) -> bytes:
        """Returns what tells the agent the answer to its call."""
        ...
