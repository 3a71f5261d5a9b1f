"""What the session's `Frontend` port is for the TUI: events become messages, output becomes lines."""

from typing import Protocol

from textual.message import Message

from rundown.model.event import Event, LaunchFailed, ProcessEnded, RunPaused, StepStarted
from rundown.session.ports import Stream
from rundown.tui.lines import Lines
from rundown.tui.messages import EventShown, OutputGrew, TaskShown


class Shelf:
    """The output of attempts, by deck and position; the newest are kept. `current` is of the step that runs,
    `grew`: the screen was told so and has not looked yet."""

    def __init__(self, most_characters: int = 64 * 1024 * 1024) -> None:
        self._most = most_characters
        self._kept: dict[tuple[int, str], Lines] = {}
        self.current = Lines()
        self.grew = False

    def begin(self, deck: int, position: str) -> None:
        """Starts the lines of another attempt."""
        self.current.close()
        self.current = Lines()
        self._kept.pop((deck, position), None)
        self._kept[deck, position] = self.current
        while sum(lines.characters for lines in self._kept.values()) > self._most and len(self._kept) > 1:
            del self._kept[next(iter(self._kept))]

    def find(self, deck: int, position: str) -> Lines | None:
        """Returns the lines of the last attempt there, if they are kept."""
        return self._kept.get((deck, position))

    def keep(self, deck: int, position: str, lines: Lines) -> None:
        """Keeps lines that were read from the record."""
        self._kept = {(deck, position): lines, **self._kept}


class Stage(Protocol):
    """Where a run is shown: its lines, the way to the screen, and the terminal that a step may have."""

    shelf: Shelf

    def post(self, message: Message) -> None:
        """Tells the screen."""
        ...

    def tee(self, chunk: bytes) -> None:
        """Shows output on the terminal, if a step has it."""
        ...

    def give_terminal_back(self) -> None:
        """Takes the terminal back, if a step has it."""
        ...


class ScreenFrontend:
    """Shows one run. That output grew is said once for whatever comes until the screen has looked."""

    def __init__(self, deck: int, stage: Stage) -> None:
        self._deck = deck
        self._stage = stage

    def show(self, event: Event, *, age_ns: int = 0) -> None:
        """Hands an event on; `age_ns`: how long ago it was."""
        if isinstance(event.body, StepStarted):
            self._stage.shelf.begin(self._deck, event.body.position)
        if isinstance(event.body, ProcessEnded | LaunchFailed | RunPaused):
            self._stage.give_terminal_back()
            self._stage.shelf.current.close()
        self._stage.post(EventShown(self._deck, event, age_ns))

    def output(self, stream: Stream, chunk: bytes) -> None:
        """Keeps what a step prints."""
        shelf = self._stage.shelf
        self._stage.tee(chunk)
        shelf.current.feed(stream, chunk)
        if not shelf.grew:
            shelf.grew = True
            self._stage.post(OutputGrew())

    def present(self, task: str) -> None:
        """Hands on what a person is to do."""
        self._stage.post(TaskShown(task))
