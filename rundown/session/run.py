"""The nouns of a run being driven: how it starts, where it came to rest, what it is made of."""

from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from rundown.engine.course import Course
from rundown.engine.state import State
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Event, RunPaused
from rundown.model.runbook import Runbook, Target
from rundown.record.log import EventLog
from rundown.record.rundir import RunDirectory
from rundown.session.composition import Family
from rundown.session.helm import Helm
from rundown.session.launching import Terminal
from rundown.session.library import Opened
from rundown.session.outlook import Outlook
from rundown.session.ports import Frontend, Prompter
from rundown.session.replay import Replayed
from rundown.session.values import Values


class Start(Struct, frozen=True, kw_only=True):
    """How a run begins. `values` are those of `gather_values`; `secret` names are kept off the record.
    `begin`, `until`: the units where it starts and after which it ends, if not the runbook's own. `cwd`:
    where steps start, a real path inside the project's root; "" for the root itself.
    `expires_at`: UTC time in RFC 3339 past which no step begins, None for never."""

    values: Values
    secret: frozenset[str] = frozenset()
    prompted: bool = False
    agent: str | None = None
    context_id: str = ""
    family: Family = Family()
    preflight: bool = True
    begin: Target | None = None
    until: Target | None = None
    cwd: str = ""
    expires_at: str | None = None

    @property
    def secret_values(self) -> Values:
        """The values that no record may hold."""
        return {name: value for name, value in self.values.items() if name in self.secret}


class Ended(Struct, frozen=True, kw_only=True):
    """Where a run came to rest. `pause` says why, if it is paused, `message` what its end says.
    `outlook`: what else would be refused, if it was denied where nobody can be asked,
    `suggestion` the same as a policy document. `receipt`: where it
    lies, None if none could be made."""

    run_id: str
    path: Path
    state: State
    pause: RunPaused | None = None
    message: str = ""
    outlook: Outlook = Outlook()
    suggestion: str = ""
    receipt: Path | None = None


class Front(Struct, frozen=True, kw_only=True):
    """The front end's part: who is asked, what is shown (`frontend(run_id, runbook, earlier)`: for a child
    the id of its outermost run; `earlier` are the events on record), which terminal steps run on; `warn` is
    told what a person should know and nothing depends on. `helm`: who steers the run while it goes."""

    prompter: Prompter
    terminal: Terminal
    frontend: Callable[[str, Runbook, Iterable[Event]], Frontend]
    warn: Callable[[Diagnostic], None]
    helm: Helm | None = None


class Run(Struct, frozen=True, kw_only=True):
    """One run that is open. `replayed`: what its log tells, if it goes on."""

    directory: RunDirectory
    log: EventLog
    course: Course
    opened: Opened
    start: Start
    replayed: Replayed | None = None

    @property
    def context_id(self) -> str:
        """Shared by a run and its children: the outermost run's id."""
        return self.start.context_id or self.directory.run_id
