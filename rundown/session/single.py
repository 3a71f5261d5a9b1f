"""Runs one command as a step would be run, without a runbook and without a record."""

import os
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body, RefusalSuspected
from rundown.model.policy import Allowed, Denied, LayerKind, Outcome, Rule
from rundown.model.request import Capability, ExecutionRequest
from rundown.model.sandbox import ProcessResult, StageFailure
from rundown.policy.load import tool_document
from rundown.policy.pattern import literal_argv
from rundown.record.stored import redact_body
from rundown.session.build import House, RunRef
from rundown.session.cut_off import explain_no_network
from rundown.session.discretion import Discreet
from rundown.session.egress import Networks
from rundown.session.launching import Terminal
from rundown.session.permissions import Permissions
from rundown.session.ports import OutputSink, Prompter, Stream, Subject
from rundown.session.remarks import remark_on
from rundown.session.request import Place, freeze_argv
from rundown.session.seal import check_seal
from rundown.session.suspicion import Suspicion

_POSITION = "exec"
_TAIL_BYTES = 64 * 1024


class Typed(Struct, frozen=True, kw_only=True):
    """What a person typed, and the front end's part. `warn` is told what is not enforced here, `started` the
    command's process id on the host once it runs, `note` each connection, on another thread. `profiles`:
    shipped tool profiles.
    """

    words: tuple[str, ...]
    prompter: Prompter
    terminal: Terminal
    output: OutputSink
    warn: Callable[[Diagnostic], None]
    note: Callable[[Body], None]
    started: Callable[[int], None] = lambda pid: None
    profiles: tuple[str, ...] = ()


class Violated(Struct, frozen=True, kw_only=True):
    """It ended, and had done what policy forbids: made a denied name, which was moved away."""

    result: ProcessResult | StageFailure


def run_single(
    house: House, typed: Typed, finish: Callable[[], None] = lambda: None
) -> ProcessResult | Violated | Denied | StageFailure:
    """Returns how the command ended, what denied it, or which stage failed.

    The first word was typed by a person and counts as allowed by flag; what it contains is decided as always.
    `finish` is called when its output is complete, before anything is said about it.
    """
    typed = _discreet(house, typed)
    for warning in house.desk.loaded.warnings:
        typed.warn(warning)
    asked, (house, request) = house, frozen(house, typed)
    permissions = Permissions(
        house.desk,
        typed.prompter,
        house.describe_view,
        house.desk.keeper.personal(),
        profile=house.desk.fitting_profile,
    )
    decision = _settled(permissions, request)
    if isinstance(decision, Denied):
        return decision
    launcher = house.launcher(RunRef(run_id=_POSITION, context_id=_POSITION), typed.terminal)
    network = _networks(asked, house, typed, permissions).open(
        request, decision.envelope, Subject(title="rundown exec")
    )
    planned = launcher.plan(decision, network.variables, network=network.plan)
    if isinstance(planned, StageFailure):
        network.close()
        return planned
    check_seal(request, decision, planned.plan)
    for gap in planned.gaps:
        message = f"not enforced here: {gap.message}"
        typed.warn(Diagnostic(code=gap.code, message=message, fix=gap.remedy, severity="warning"))
    guard = house.guard_steps(house.desk.around.state / "quarantine" / str(house.desk.around.now_ns()))
    guard.begin(decision.envelope)
    printed = _Tail(typed.output)
    try:
        result = launcher.launch(planned, printed.take, network.serve, started=typed.started)
    finally:
        network.close()
    finish()
    if isinstance(result, ProcessResult) and result.status != 0:
        for item in _suspicion(house, permissions).explain(decision, printed.tail):
            typed.warn(_suspected(item))
        for item in explain_no_network(_POSITION, planned.gaps, printed.tail):
            typed.warn(_suspected(item))
    if isinstance(result, ProcessResult):
        for warning in remark_on(result, planned.plan):
            typed.warn(warning)
    violations = tuple(guard.settle())
    for found in violations:
        message = f"against policy: {found.capability} {found.resource}, {found.action}"
        typed.warn(Diagnostic(code="sandbox/violation", message=message, severity="warning"))
    return Violated(result=result) if any(found.pauses for found in violations) else result


def _settled(permissions: Permissions, request: ExecutionRequest) -> Allowed | Denied:
    settling = permissions.settle(request, Subject(title="rundown exec"))
    while True:
        try:
            next(settling)
        except StopIteration as settled:
            decision: Allowed | Denied = settled.value
            return decision


def _discreet(house: House, typed: Typed) -> Typed:
    """No question and no warning shows a secret."""

    def warn(item: Diagnostic) -> None:
        typed.warn(redact_body(item, house.redact_text))

    return replace(typed, prompter=Discreet(typed.prompter, house.redact_text), warn=warn)


def _networks(asked: House, house: House, typed: Typed, permissions: Permissions) -> Networks:
    """`asked`: the house whose secrets are taken out of what is printed."""
    return Networks(
        egress=house.egress,
        judge=house.desk,
        permissions=permissions,
        prompter=typed.prompter,
        note=typed.note,
        proxied=house.is_proxied,
        keep_secret=lambda name, value: asked.keep_secret({name: value}),
    )


class _Tail:
    """Passes output on and keeps its end."""

    def __init__(self, output: OutputSink) -> None:
        self._output = output
        self.tail = b""

    def take(self, stream: Stream, chunk: bytes) -> None:
        self._output(stream, chunk)
        self.tail = (self.tail + chunk)[-_TAIL_BYTES:]


def _suspicion(house: House, permissions: Permissions) -> Suspicion:
    facts = house.desk.facts
    return Suspicion(permissions, house.desk.workspace, root=facts.root, home=facts.home)


def _suspected(item: RefusalSuspected) -> Diagnostic:
    message = f"likely refused: {item.capability} {item.resource}: {item.why}"
    fix = f"{item.flag}      (or in .rundownrc.yaml: {item.yaml})" if item.yaml else item.flag
    return Diagnostic(code="sandbox/likely-refused", message=message, fix=fix, severity="warning")


def frozen(house: House, typed: Typed) -> tuple[House, ExecutionRequest]:
    """Returns the house under the policy of this invocation, and what was typed as a request."""
    house = _under(house, typed)
    cwd = os.path.realpath(house.desk.around.cwd)
    place = Place(run_id=_POSITION, position=_POSITION, attempt=1, cwd=cwd)
    terminal = typed.terminal
    has_terminal = terminal.size() is not None and terminal.stdin(interactive=True) is not None
    request = freeze_argv(place, typed.words, house.desk.workspace)
    return house, replace(request, interactive=has_terminal)


def _under(house: House, typed: Typed) -> House:
    """The first word is allowed by flag; profiles stand above all documents but the system's."""
    pattern = literal_argv((typed.words[0],))
    rule = Rule(capability=Capability.RUN, verdict=Outcome.ALLOW, pattern=pattern, layer=LayerKind.FLAG)
    loaded = house.desk.loaded
    ruleset = loaded.ruleset
    profiles = tuple(tool_document(name).layer("") for name in typed.profiles)
    ruleset = replace(
        ruleset,
        flags=replace(ruleset.flags, rules=(*ruleset.flags.rules, rule)),
        layers=(*profiles, *ruleset.layers),
    )
    return replace(house, desk=replace(house.desk, loaded=replace(loaded, ruleset=ruleset)))
