"""What a step did against policy that only its end shows: denied names, files of which a part may change.

Judged when no process of the step lives any more, before its changes are told and its result is judged.
"""

from collections.abc import Iterator
from pathlib import Path

from rundown.model.policy import Envelope
from rundown.model.sandbox import Violation
from rundown.sandbox.compared import Kept, keep, put_back
from rundown.sandbox.late import Denied, DeniedNames, find_late, quarantine
from rundown.sandbox.settings import ViewSettings
from rundown.session.lasting import LastingGrants


class StepGuard:
    """One a run; `names` is shared by all runs of a family. `folder` takes what is moved away. `confines`
    False: steps run unconfined by the person's own wish, and nothing of theirs is undone. `lasting` is told
    when a step begins, and when it is judged."""

    def __init__(
        self,
        names: DeniedNames,
        view: ViewSettings,
        folder: Path,
        *,
        confines: bool = True,
        lasting: LastingGrants | None = None,
    ) -> None:
        self._names = names
        self._confines = confines
        self._view = view
        self._folder = str(folder)
        self._lasting = lasting or LastingGrants()
        self._envelope: Envelope | None = None
        self._before: frozenset[Denied] = frozenset()
        self._kept: tuple[Kept, ...] = ()

    def begin(self, envelope: Envelope) -> None:
        """Looks at what is there, right before a step is launched."""
        self._lasting.begin(self)
        if not self._confines or "unconfined" in envelope.host:
            return
        self._envelope = envelope
        self._kept = keep(envelope.compare)
        self._before = self._names.look(envelope, self._view)

    def settle(self) -> Iterator[Violation]:
        """Undoes what the step did against policy since `begin`, and yields each of it once."""
        envelope, self._envelope = self._envelope, None
        if envelope is not None:
            yield from self._undo(envelope)
        self._lasting.end(self)

    def _undo(self, envelope: Envelope) -> Iterator[Violation]:
        yield from put_back(self._kept, self._folder)
        for path in find_late(self._before, self._names.look(envelope, self._view)):
            try:
                action = f"moved to {quarantine(path, self._folder)}"
            except OSError as error:
                action = f"could not be moved away: {error.strerror}"
            yield Violation(capability="write", resource=path, action=action, pauses=True)
