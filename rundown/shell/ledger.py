"""The ledger of a reading: operations, names and values, in the order in which they were found."""

from collections.abc import Sequence
from itertools import accumulate

from rundown.model.request import Capability, Operation, OperationKind
from rundown.shell.directories import STEP, Where
from rundown.shell.extraction import UNPARSEABLE
from rundown.shell.options import joined
from rundown.shell.tree import Place, Placed, Word

ELSEWHERE = "the text may have changed its directory"
FAR = "it runs on another machine or in a container"


class Ledger:
    """Collects. `origin`, while set, is the place of everything that is noted: nested text has none of its own.
    `within` says how that text is run; it is the note of what has no better one. `where`: where what is
    noted now runs; `far`: not on this machine, so that no file of this machine is meant. `undashed`: variables from outside whose values begin with no dash."""

    def __init__(self, text: str, undashed: frozenset[str] = frozenset()) -> None:
        self.undashed = undashed
        self.origin: Place | None = None
        self.within = ""
        self.where: Where = STEP
        self.far = False
        self.uses: dict[str, None] = {}
        self.shadows: dict[str, None] = {}
        self._found: dict[Operation, int] = {}
        self._rank = 0
        self._bytes: list[int] | None = None
        if not text.isascii():
            self._bytes = list(accumulate((len(char.encode("utf-8")) for char in text), initial=0))

    def place(self, start: int, end: int) -> Place:
        """Returns where something stands, in bytes of the text as a whole."""
        if self.origin is not None:
            return self.origin
        if self._bytes is None:
            return start, end
        return self._bytes[start], self._bytes[end]

    def operations(self) -> tuple[Operation, ...]:
        """Returns what was found, each thing once, in the order of the text, outer before inner."""
        return tuple(sorted(self._found, key=lambda item: (item.span[0], self._found[item])))

    def reserve(self) -> int:
        """Returns a rank for something that is noted after what it holds."""
        self._rank += 1
        return self._rank

    def add(self, operation: Operation, rank: int | None = None) -> None:
        """Notes one operation."""
        self._found.setdefault(operation, self.reserve() if rank is None else rank)

    def run(
        self, words: Sequence[Word], kind: OperationKind = "literal", note: str = "", rank: int | None = None
    ) -> None:
        """Notes that a program is started. Without a literal name it is dynamic."""
        name = words[0]
        if not name.value:
            self.dynamic(words, note, name.raw)
            return
        is_relative = "/" in name.value and name.value[0] != "/"
        if is_relative and (self.far or self.where is None):
            why = FAR if self.far else ELSEWHERE
            self.dynamic(words, f"{why}: which file `{name.value}` is, is known only when it runs")
            return
        places: tuple[str | None, ...] = self.where or ("",) if is_relative else ("",)
        for directory in (None,) if self.far else places:
            self.add(
                Operation(
                    capability=Capability.RUN,
                    resource=name.value,
                    kind=kind,
                    note=note or self.within,
                    argv=tuple([word.value for word in words]),
                    span=self.place(name.start, words[-1].end),
                    directory=directory,
                ),
                rank,
            )

    def dynamic(self, words: Sequence[Word], note: str, resource: str | None = None) -> None:
        """Notes that these words start something which only the running shell knows."""
        whole = joined(words)
        self.add(
            Operation(
                capability=Capability.RUN,
                resource=whole.raw if resource is None else resource,
                kind="dynamic",
                note=note or self.within,
                argv=tuple([word.value for word in words]),
                span=self.place(whole.start, whole.end),
            )
        )

    def unknown(self, part: Placed, resource: str, note: str) -> None:
        """Notes that what stands there may start anything. `resource`: how it is shown."""
        self.unknown_at(self.place(part.start, part.end), resource, note)

    def unknown_at(self, span: Place, resource: str, note: str) -> None:
        """As `unknown`, for a place in bytes; (0, 0) for what has none of its own."""
        self.add(
            Operation(capability=Capability.RUN, resource=resource, kind="dynamic", note=note, span=span)
        )

    def touch(self, capability: Capability, resource: str, part: Placed, note: str) -> None:
        """Notes a file that is read or written, or a host that is reached."""
        span = self.place(part.start, part.end)
        directory: str | None = ""
        if capability is not Capability.NET and resource[:1] != "/":
            directory = self.where[0] if self.where else None
        self.add(
            Operation(capability=capability, resource=resource, note=note, span=span, directory=directory)
        )

    def sets(self, name: str, part: Placed, note: str) -> None:
        """Notes that a variable is set that changes what is started."""
        span = self.place(part.start, part.end)
        self.add(Operation(capability=Capability.ENV, resource=name, kind="escape", note=note, span=span))

    def run_at(self, words: Sequence[Word], origin: Place | None, note: str) -> None:
        """As `run`, for a command that was found under another origin."""
        outer, self.origin = self.origin, origin
        self.run(words, note=note)
        self.origin = outer

    def unparseable(self, note: str) -> None:
        """Notes nested text that cannot be read; its place is the origin."""
        self.add(
            Operation(
                capability=Capability.RUN,
                resource=UNPARSEABLE,
                kind="unparseable",
                note=note,
                span=self.origin or (0, 0),
            )
        )

    def piece(self, start: int, end: int, reason: str) -> None:
        """Notes a part of the text that a witness cannot read."""
        span = self.place(start, end)
        self.add(
            Operation(
                capability=Capability.RUN, resource=UNPARSEABLE, kind="unparseable", note=reason, span=span
            )
        )
