"""What the conversations over JSON-RPC have in common: lines in, calls that were let through, refusals told.

These protocols carry no reason of a refusal: the reasons are told in a further turn when the agent stops.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from rundown.agents.call import Permit
from rundown.agents.happening import Broken, Ended, Happening, Noted, Said, Send
from rundown.agents.rpc import NoMessageError, Notification, Request, Response, read_message
from rundown.agents.verdict import read_verdict

_MOST_REMINDERS = 3


class RpcConversation(ABC):
    """`strict`: a call that was done unasked breaks the protocol; else it is told."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._settled: dict[str, bool] = {}
        self._untold: list[str] = []
        self._reminders = 0
        self._said = ""

    def receive(self, line: bytes) -> Iterator[Happening]:
        """Yields what one line means; one that is no message breaks the protocol."""
        try:
            match read_message(line):
                case Request() as message:
                    yield from self._requested(message)
                case Notification() as message:
                    yield from self._told(message)
                case Response(error="") as message:
                    yield from self._answered(message)
                case Response(id=number, error=error):
                    yield Ended(failure=f"{number}: {error}")
        except NoMessageError as error:
            yield Broken(reason=str(error))
        except (KeyError, TypeError, AttributeError) as error:
            yield Broken(reason=f"a message that is none of the protocol ({type(error).__name__})")

    @abstractmethod
    def _requested(self, message: Request) -> Iterator[Happening]:
        """The agent wants an answer."""

    @abstractmethod
    def _told(self, message: Notification) -> Iterator[Happening]:
        """The agent tells something."""

    @abstractmethod
    def _answered(self, message: Response) -> Iterator[Happening]:
        """The agent did what it was asked for."""

    @abstractmethod
    def _turn(self, text: str) -> bytes:
        """What asks the agent for one more turn."""

    def _say(self, text: str, *, whole: bool) -> Said:
        self._said += text + ("\n" if whole else "")
        return Said(text=text, whole=whole)

    def _settle(self, number: str, permit: Permit) -> None:
        self._settled[number] = permit.allowed
        if not permit.allowed:
            self._untold.append(permit.reason)

    def _done(self, number: str, what: object) -> Iterator[Happening]:
        """A call that is done. Where none was let through the sandbox alone held it."""
        allowed = self._settled.get(number)
        self._settled[number] = True
        if allowed is False:
            yield Broken(reason=f"it did what was refused: {what}")
        elif allowed is None and self._strict:
            yield Broken(reason=f"it did without asking: {what}")
        elif allowed is None:
            yield Noted(text=f"did without asking: {what}")

    def _stopped(self) -> Iterator[Happening]:
        """The end of a turn; of the last one if there is nothing to tell, or it has given its verdict."""
        untold, self._untold = self._untold, []
        if untold and read_verdict(self._said.encode()) is None and self._reminders < _MOST_REMINDERS:
            self._reminders += 1
            yield Send(content=self._turn("\n".join(untold)))
        else:
            yield Ended()
