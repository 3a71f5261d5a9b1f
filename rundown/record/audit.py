"""`audit_lines`: one line a fact, `time|run:ID|kind|resource|outcome|details`. Stable and greppable. Pure.

Every line has exactly five `|`: fields are escaped so that they hold none, and no line end or control
character. Details are `name=value` words, values with blanks in double quotes. docs/events.md lists the
kinds.
"""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from rundown.model import event as told
from rundown.model.policy import Grant, Ruling
from rundown.model.sandbox import ProcessResult


class Fact(Struct, frozen=True, kw_only=True):
    """A line before it is written. Details with the value None or "" are left out."""

    kind: str
    resource: str
    outcome: str
    details: dict[str, object] = {}


def audit_lines(events: Iterable[told.Event], run_id: str = "") -> Iterator[str]:
    """Yields the lines of a run's events, as they come. `run_id` is needed if the first event is not among
    them."""
    for event in events:
        if isinstance(event.body, told.RunStarted):
            run_id = event.body.run_id
        for fact in facts_of(event.body):
            fields = (event.at, f"run:{run_id}", fact.kind, fact.resource, fact.outcome, _words(fact.details))
            yield "|".join(_field(field) for field in fields)


def facts_of(body: told.Body) -> tuple[Fact, ...]:
    """Returns what a body says: one fact, but one a resource for decisions and questions."""
    match body:
        case told.DecisionMade():
            return tuple(_ruling(body, ruling) for ruling in body.rulings)
        case told.QuestionAsked():
            answers = body.answers + ("",) * (len(body.resources) - len(body.answers))
            return tuple(
                _fact("ask", resource, answer, at=body.position, by=body.answered_by)
                for resource, answer in zip(body.resources, answers, strict=False)
            )
        case _:
            return (_of_run(body) or _of_step(body) or _of_process(body) or _of_reach(body) or _other(body),)


def _of_run(body: told.Body) -> Fact | None:
    match body:
        case told.RunStarted():
            details = {"digest": body.runbook_digest, "root": body.root, "rundown": body.rundown_version}
            return _fact("runbook", body.runbook_file, "started", **details, parent=body.parent_run)
        case told.HostProbed(facts=host):
            layers = {"landlock": host.landlock_abi, "seccomp": host.seccomp, "cgroup": host.cgroup}
            spaces = host.user_namespaces or host.namespaces_as_root
            return _fact("host", host.kernel, "probed", wish=body.wish, **layers, namespaces=spaces)
        case told.PolicyFrozen():
            return _fact("policy", body.digest, "frozen", sources=", ".join(body.sources))
        case told.RunPaused():
            return _fact("runbook", body.position, "paused", reason=body.reason, detail=body.detail)
        case told.RunResumed():
            return _fact("runbook", "", "resumed", changed=", ".join(body.changes))
        case told.EndForced():
            return _fact("runbook", "", "forced", status=body.status, message=body.message)
        case told.RunFinished():
            return _fact("runbook", "", body.status, message=body.message, code=body.code)
        case told.ChildStarted():
            return _fact("child", body.reference, "started", at=body.position, child=body.run_id)
        case _:
            return None


def _of_step(body: told.Body) -> Fact | None:
    match body:
        case told.StepStarted():
            return _fact("step", body.position, "started", attempt=body.attempt, title=body.title)
        case told.StepFinished():
            return _fact("step", body.position, body.result, by=body.reported_by, note=body.note)
        case told.Jumped():
            return _fact("step", body.position, "jumped-to")
        case told.AgentReported():
            return _fact("agent", body.kind, body.verdict, at=body.position, detail=body.detail)
        case told.ModelUsed():
            tokens = {"input": body.input_tokens, "output": body.output_tokens, "usd": body.cost_usd}
            named = {"models": ", ".join(body.models), "refused": ", ".join(body.refused)}
            details = {"agent": body.kind, "requests": body.requests, **tokens, **named}
            return _fact("model", body.host, "used", at=body.position, **details)
        case told.OutputCaptured():
            return _fact(
                "variable",
                body.name,
                "captured",
                at=body.position,
                value=body.value,
                lost=body.lost or None,
                by=body.reported_by or None,
            )
        case told.EffectFailed():
            return _fact("effect", body.code, "failed", at=body.position, message=body.message)
        case _:
            return None


def _of_process(body: told.Body) -> Fact | None:
    match body:
        case told.LaunchRequested():
            gaps = ", ".join(gap.code for gap in body.gaps)
            names = ", ".join(body.secrets)
            more = {"plan": body.plan, "gaps": gaps, "secrets": names}
            return _fact("process", body.request, "requested", at=body.position, **more)
        case told.LaunchFailed(failure=failure):
            details = {"stage": failure.stage, "errno": failure.errno, "detail": failure.detail}
            return _fact("process", body.request, "failed", at=body.position, **details)
        case told.ProcessEnded():
            details = _ending(body.result) | {"output": body.output, "digest": body.output_digest}
            return _fact("process", body.request, body.result.ending, at=body.position, **details)
        case told.FileChanged(before=before, after=after):
            outcome = "created" if before is None else "removed" if after is None else "changed"
            return _fact("file", body.path, outcome, at=body.position, before=before, after=after)
        case told.ChangesUnseen():
            return _fact("file", body.path, "unseen", at=body.position, why=body.why)
        case told.ArtifactStored():
            return _fact("artifact", body.file, "stored", at=body.position, digest=body.digest)
        case told.ViolationSeen():
            return _fact(
                "violation", body.resource, body.action, at=body.position, capability=body.capability
            )
        case told.RefusalSuspected():
            details = {"why": body.why, "flag": body.flag}
            return _fact(body.capability, body.resource, "suspected", at=body.position, **details)
        case _:
            return None


def _of_reach(body: told.Body) -> Fact | None:
    match body:
        case told.EgressAllowed():
            return _fact(
                "connection",
                _place(body.host, body.port),
                "allow",
                at=body.position,
                rule=body.rule,
                address=body.address,
                sent=body.sent_bytes,
                received=body.received_bytes,
                ms=body.duration_us // 1000,
                times=body.count,
                problem=body.problem,
            )
        case told.EgressBlocked():
            return _fact(
                "connection",
                _place(body.host, body.port),
                "deny",
                at=body.position,
                reason=body.reason,
                rule=body.rule,
                times=body.count,
            )
        case told.SecretReleased():
            return _fact("secret", body.name, "released", at=body.position, form=body.form)
        case told.GrantGiven(grant=grant):
            return _fact("grant", _granted(grant), "given", scope=grant.scope, origin=body.origin)
        case told.GrantRevoked(grant=grant):
            return _fact("grant", _granted(grant), "revoked", scope=grant.scope, origin=body.origin)
        case _:
            return None


def _other(body: told.Body) -> Fact:
    if isinstance(body, told.UnknownBody):
        return _fact("event", body.type, "recorded", fields=_json(body.raw))
    fields = {name: value for name, value in msgspec.to_builtins(body).items() if name != "type"}
    return _fact("event", type(body).__name__, "recorded", fields=_json(fields))


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _fact(kind: str, resource: str, outcome: str, **details: object) -> Fact:
    return Fact(kind=kind, resource=resource, outcome=outcome, details=details)


def _ruling(body: told.DecisionMade, ruling: Ruling) -> Fact:
    by = ruling.rule.layer.value if ruling.rule else "grant" if ruling.grant else "mode"
    pattern = ruling.rule.pattern if ruling.rule else ruling.grant.pattern if ruling.grant else ruling.mode
    operation = ruling.operation
    return _fact(
        operation.capability.value,
        operation.resource,
        ruling.outcome.value,
        at=body.position,
        by=by,
        pattern=pattern,
        resolved=operation.resolved,
        request=body.request,
    )


def _ending(result: ProcessResult) -> dict[str, object]:
    return {"status": result.status, "signal": result.signal, "ms": result.duration_ns // 1_000_000}


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _granted(grant: Grant) -> str:
    return f"{grant.verdict.value} {grant.capability.value} {grant.pattern}"


def _words(details: dict[str, object]) -> str:
    return " ".join(f"{name}={_value(value)}" for name, value in details.items() if value not in (None, ""))


def _value(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    plain = not any(character in ' "\\=' or not character.isprintable() for character in text)
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _field(text: str) -> str:
    return "".join(
        character if character.isprintable() and character != "|" else _escaped(character)
        for character in text
    )


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
