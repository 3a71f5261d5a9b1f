"""One runbook on the bench: real parser, extraction, machine, policy and seal; fakes at the five ports."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from rundown.engine.course import chart
from rundown.engine.effects import LaunchChild
from rundown.engine.machine import apply, initial
from rundown.engine.state import State
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body, ProcessEnded, RunStarted
from rundown.model.policy import Decision, Envelope, Grant, Ruleset
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import Violation
from rundown.policy.evaluate import evaluate
from rundown.policy.release import SecretRule
from rundown.redact.redactor import Redactor
from rundown.session.crew import Crew
from rundown.session.delegation import Delegation
from rundown.session.driver import Track, drive, record
from rundown.session.execution import execute
from rundown.session.failures import Failures
from rundown.session.helm import Helm
from rundown.session.library import Document, Opened
from rundown.session.performer import Performer
from rundown.session.permissions import Permissions
from rundown.session.ports import Choice
from rundown.session.run import Run, Start
from rundown.session.script import Shop
from rundown.session.texts import Texts
from rundown.session.tools import Attempt, Tools
from rundown.session.values import Values
from rundown.session.vault import Vault
from rundown.syntax.parse import parse_runbook
from tests.support.fakes import (
    MemoryFile,
    MemoryLog,
    PlainWorkspace,
    QuietFrontend,
    ScriptedLauncher,
    ScriptedPrompter,
    Unconnected,
)
from tests.support.policies import FACTS, rules

RUN_ID = "run-1"
SALT = "salt"


class Judged:
    """Decides by a ruleset; lasting grants are kept in `kept`."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self.kept: list[tuple[Grant, Choice]] = []

    def evaluate(self, request: ExecutionRequest, grants: tuple[Grant, ...]) -> Decision:
        return evaluate(self._ruleset, request, FACTS, grants)

    def keep_grant(self, grant: Grant, choice: Choice) -> str:
        self.kept.append((grant, choice))
        return "kept.json"


class Unwatched:
    """Sees no change."""

    def begin(self, envelope: Envelope) -> None: ...

    def settle(self, position: str, attempt: int) -> Iterator[Body]:
        return iter(())


class Unguarded:
    """Finds nothing but `violations`."""

    def __init__(self, violations: tuple[Violation, ...] = ()) -> None:
        self._violations = violations

    def begin(self, envelope: Envelope) -> None: ...

    def settle(self) -> Iterator[Violation]:
        return iter(self._violations)


class Variables:
    """What policy says of variables: those in `allowed` reach steps, those in `forbidden` never do."""

    def __init__(
        self, *, allowed: frozenset[str] = frozenset(), forbidden: frozenset[str] = frozenset()
    ) -> None:
        self._allowed = allowed
        self._forbidden = forbidden

    def lets_through(self, name: str) -> bool:
        return name in self._allowed

    def forbids(self, name: str) -> bool:
        return name in self._forbidden


class _Directory:
    run_id = RUN_ID


class Bench:
    """`text` is a whole runbook, or the content of one step. `secrets` are redacted. `children` answers for
    runbooks that units refer to, `unjudged` is a process whose result is not on record. `sources` gives the
    values of `rules_of_secrets` by source."""

    def __init__(
        self,
        text: str,
        folder: Path,
        *,
        prompter: ScriptedPrompter | None = None,
        launcher: ScriptedLauncher | None = None,
        log: MemoryLog | None = None,
        ruleset: Ruleset | None = None,
        values: Values | None = None,
        secret: frozenset[str] = frozenset(),
        secrets: Mapping[str, str] = {},
        agent: str | None = None,
        children: Mapping[str, tuple[Body, ...]] = {},
        unjudged: ProcessEnded | None = None,
        crew: Crew = Crew(),  # noqa: B008 - it holds nothing
        violations: tuple[Violation, ...] = (),
        rules_of_secrets: tuple[SecretRule, ...] = (),
        sources: Mapping[str, str] = {},
        variables: "Variables | None" = None,
    ) -> None:
        self._violations = violations
        whole = text if text.startswith(("#", "---")) else f"# Test\n\n## 1. Step\n\n{text}"
        parsed = parse_runbook(whole.encode(), "test.runbook.md")
        assert parsed.runbook is not None, parsed.diagnostics
        self.runbook = parsed.runbook
        self.course = chart(self.runbook)
        self.prompter = prompter or ScriptedPrompter()
        self.launcher = launcher or ScriptedLauncher()
        self.log = log or MemoryLog()
        self.frontend = QuietFrontend()
        self.judged = Judged(ruleset or rules())
        self.files: dict[str, MemoryFile] = {}
        self.folder = folder
        self._children = children
        self._crew = crew
        self._unjudged = unjudged
        self._start = Start(values=values or {}, secret=secret, agent=agent)
        self.redacted = dict(secrets)
        self._sources = sources
        self.vault = Vault(rules_of_secrets, self._read, self._keep, variables or Variables())
        self.tools = self._tools()

    def _read(self, rule: SecretRule) -> str | Diagnostic:
        missing = Diagnostic(code="session/secret-missing", message=f"no {rule.name}", why="not there")
        return self._sources.get(rule.source, missing)

    def _keep(self, name: str, value: str) -> None:
        self.redacted[name] = value

    def _tools(self) -> Tools:
        front = self.runbook.front
        return Tools(
            run_id=RUN_ID,
            salt=SALT,
            root=str(self.folder),
            shop=Shop(
                shell=front.shell,
                workspace=PlainWorkspace(),
                agent=self._start.agent or front.agent,
                own=self._crew.own,
            ),
            on_denied=front.on_denied,
            permissions=Permissions(self.judged, self.prompter, lambda envelope: ()),
            launcher=self.launcher,
            prompter=self.prompter,
            frontend=self.frontend,
            live_folder=self.folder / "live",
            open_output=self._open_output,
            read_output=lambda name: self.files[name].content,
            redaction=lambda: Redactor(self.redacted).stream(),
            watch=Unwatched(),
            guard=Unguarded(self._violations),
            secrets=self.vault.of_runbook("test.runbook.md", front.secrets),
            secret_folder=self.folder / "live",
            open_network=lambda *_given, **_named: Unconnected(),
            show_noted=lambda: None,
            delegation=Delegation(self._crew, self.judged, self.prompter),
            open_transcript=lambda position, attempt: self._open_output(f"{position}.transcript", attempt),
            open_answer=lambda position, attempt: self._open_output(f"{position}.answer", attempt),
            failures=Failures(),
            home=str(self.folder / "home"),
        )

    def _open_output(self, position: str, attempt: int) -> MemoryFile:
        file = MemoryFile(f"output/{position}.{attempt}.log")
        self.files[file.name] = file
        return file

    @property
    def track(self) -> Track:
        """What the facts of this run go through."""
        return Track(course=self.course, log=self.log, frontend=self.frontend)

    def run(self, *, prompted: bool = False, helm: Helm | None = None) -> State:
        """Drives the runbook from its start; returns the state it came to rest in."""
        state = record(self.track, initial(self.course), iter((self.started(prompted),)))
        return self.drive(state, helm)

    def drive(self, state: State, helm: Helm | None = None) -> State:
        """Drives on from a state."""
        run = Run(
            directory=_Directory(),  # type: ignore[arg-type]
            log=self.log,  # type: ignore[arg-type]
            course=self.course,
            opened=Opened(
                document=Document(file="test.runbook.md", path=None, content=b""),
                runbook=self.runbook,
                warnings=(),
            ),
            start=self._start,
        )
        performer = Performer(run, self.tools, self._child, self._unjudged)
        return drive(self.track, state, performer, helm)

    def execute(self, step: str = "1", number: int = 1) -> list[Body]:
        """Returns the facts of one attempt at a step."""
        return list(self.execute_slowly(step, number))

    def execute_slowly(self, step: str = "1", number: int = 1) -> Iterator[Body]:
        """Returns the same, each fact as it is made."""
        attempt = Attempt(
            unit=self.course.unit(step, None),
            step=step,
            substep=None,
            iteration=None,
            number=number,
            position=step,
        )
        return execute(self.tools, attempt, Texts(self._start.values, self._start.secret))

    def started(self, prompted: bool = False) -> RunStarted:
        """Returns the first fact."""
        return RunStarted(
            run_id=RUN_ID,
            runbook_file="test.runbook.md",
            runbook_digest=self.runbook.digest,
            root=str(self.folder),
            rundown_version="0",
            prompted=prompted,
        )

    def _child(self, effect: LaunchChild, state: State, values: Values) -> Iterator[Body]:
        yield from self._children[effect.reference]

    def replayed(self) -> State:
        """Returns the state that the log tells."""
        state = initial(self.course)
        for body in self.log.bodies:
            state = apply(self.course, state, body)
        return state
