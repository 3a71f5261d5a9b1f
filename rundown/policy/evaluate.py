"""`evaluate`: what a ruleset says to a request. Pure and total: it never looks, asks or raises.

For each operation the first that settles it wins: what nothing lifts, deny flags, allow flags, the
documents, grants, the effective mode. All operations are decided, so that everything is reported at once.
"""

import posixpath

from msgspec.structs import replace

from rundown.model.policy import Allowed, Decision, Denied, Grant, NeedsPrompt, Outcome, Rule, Ruleset, Ruling
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.policy.compiled import CompiledRuleset, compile_ruleset
from rundown.policy.envelope import build_envelope
from rundown.policy.facts import PolicyFacts
from rundown.policy.fix import fix_for, is_unmade
from rundown.policy.grants import find_grant
from rundown.policy.match import Certainty, PathMatcher, RunMatcher
from rundown.policy.paths import covers
from rundown.policy.protect import SIGNING_KEY_VARIABLE
from rundown.policy.reason import describe_rule
from rundown.policy.resolve import (
    FLAGS,
    Hit,
    find_final_deny,
    find_hits,
    leading_hits,
    plain_outcome,
    standing_deny,
)
from rundown.policy.subject import NetSubject, PathSubject, RunSubject, Subject, place_is_known, subject_of
from rundown.policy.system import is_free

_SOMEWHERE = (0, 1)


def evaluate(
    ruleset: Ruleset | CompiledRuleset,
    request: ExecutionRequest,
    facts: PolicyFacts,
    grants: tuple[Grant, ...] = (),
) -> Decision:
    """Returns the decision: one ruling per operation, in the request's order, with reasons and mends.

    A `CompiledRuleset` saves compiling; the places it was compiled with must be those of `facts`.
    """
    compiled = ruleset if isinstance(ruleset, CompiledRuleset) else compile_ruleset(ruleset, facts)
    judge = _Judge(compiled, request, facts, grants)
    rulings = tuple(judge.ruling(operation) for operation in request.operations)
    denials = tuple(item for item in rulings if item.outcome is Outcome.DENY)
    asks = tuple(item for item in rulings if item.outcome is Outcome.ASK)
    if denials:
        return Denied(request=request, rulings=rulings, denials=denials)
    if asks:
        return NeedsPrompt(request=request, rulings=rulings, asks=asks)
    envelope = build_envelope(compiled, request, facts, (grants, rulings))
    return Allowed(request=request, rulings=rulings, envelope=envelope)


class _Judge:
    """One request's judge: what all of its operations have in common."""

    def __init__(
        self,
        compiled: CompiledRuleset,
        request: ExecutionRequest,
        facts: PolicyFacts,
        grants: tuple[Grant, ...],
    ) -> None:
        self._compiled = compiled
        self._bypass = compiled.ruleset.bypass
        self._request = request
        self._facts = facts
        self._grants = grants
        self._known: dict[Operation, Ruling] = {}

    def ruling(self, operation: Operation) -> Ruling:
        """Returns the ruling on one operation; the same at another place of the text is decided once."""
        if operation.span == (0, 0) or operation.kind in ("dynamic", "unparseable"):
            return self.settle(operation)
        anywhere = replace(operation, span=_SOMEWHERE)
        known = self._known.get(anywhere)
        if known is None:
            known = self._known[anywhere] = self.settle(operation)
        return known if known.operation is operation else replace(known, operation=operation)

    def settle(self, operation: Operation) -> Ruling:
        """Returns the ruling on one operation, with its mend."""
        subject = subject_of(operation, self._request, self._facts)
        ruling = (
            self._forbidden(operation, subject)
            or self._denied_above(operation, subject)
            or self._by_rules(operation, subject)
            or self._unlisted(operation)
        )
        if ruling.outcome is Outcome.ALLOW or ruling.fix is not None:
            return ruling
        place = subject.real if isinstance(subject, PathSubject) else None
        return replace(ruling, fix=fix_for(ruling, self._facts, place))

    def _forbidden(self, operation: Operation, subject: Subject) -> Ruling | None:
        """What nothing lifts."""
        if isinstance(subject, PathSubject):
            touched = {path for line in subject.chains for path in line[:1]}
            if any(covers(place, path) for place in self._facts.off_limits for path in touched):
                return _denied(
                    operation, "rundown's keys, trust store and other runs' records are never opened"
                )
        if operation.capability is Capability.ENV and operation.resource == SIGNING_KEY_VARIABLE:
            return _denied(operation, "the signing key is never handed to a step")
        if isinstance(subject, NetSubject) and subject.flaw:
            why = f"`{operation.resource}` names no host that can be checked: {subject.flaw}"
            return _denied(operation, why)
        return None

    def _denied_above(self, operation: Operation, subject: Subject) -> Ruling | None:
        if self._bypass.deny_all:
            return _denied(operation, "--deny-all")
        if rule := find_final_deny(self._compiled, operation.capability, subject):
            return _denied(operation, describe_rule(rule), rule)
        if grant := find_grant(self._grants, Outcome.DENY, self._asked(operation)):
            why = "denied in this session"
            return Ruling(operation=operation, outcome=Outcome.DENY, grant=grant, why=why)
        if operation.capability is not Capability.WRITE or not isinstance(subject, PathSubject):
            return None
        if not place_is_known(operation):
            return None
        protection = self._compiled.protections.find(subject)
        if protection is None or self._bypass.allow_all or self._flag_names(subject.real):
            return None
        why = f'"{protection.pattern}" is always write-protected: {protection.reason}'
        return _denied(operation, why, protection)

    def _by_rules(self, operation: Operation, subject: Subject) -> Ruling | None:
        """What flags and documents say, None if they say nothing."""
        if self._bypass.allow_all:
            return Ruling(operation=operation, outcome=Outcome.ALLOW, why="--allow-all")
        if operation.capability is not Capability.RUN and operation.kind in ("dynamic", "unparseable"):
            return None
        hits = find_hits(self._compiled, operation.capability, subject)
        flags = tuple(hit for hit in hits if hit.place == FLAGS)
        leading = leading_hits(tuple(hit for hit in hits if hit.place != FLAGS)) or flags
        allows = (hit for hit in (*flags, *leading) if hit.verdict is Outcome.ALLOW)
        sure = [hit for hit in allows if not _doubt(hit, operation, subject)]
        if sure and sure[0].place == FLAGS:
            return _allowed(operation, sure[0])
        if denial := standing_deny(self._compiled, hits, subject):
            return self._by_denial(operation, subject, denial)
        if isinstance(subject, PathSubject) and not place_is_known(operation):
            why = "the text may have changed its directory before; the sandbox decides"
            return Ruling(operation=operation, outcome=Outcome.ALLOW, why=why)
        if not leading:
            return self._by_nature(operation, subject)
        if leading[0].verdict is Outcome.ASK:
            return self._ask(operation, leading[0].rule, describe_rule(leading[0].rule))
        if sure:
            return _allowed(operation, sure[0])
        return self._unlisted(operation, leading[0].rule, _doubt(leading[0], operation, subject))

    def _by_denial(self, operation: Operation, subject: Subject, denial: Hit) -> Ruling:
        if denial.certainty is Certainty.YES:
            ruling = _denied(operation, describe_rule(denial.rule), denial.rule)
            place = self._hidden_at(subject, denial)
            return replace(ruling, fix=fix_for(ruling, self._facts, place))
        why = f"a word that is known only when it runs may make it match {describe_rule(denial.rule)}"
        return self._ask(operation, denial.rule, why, surely=False)

    def _hidden_at(self, subject: Subject, denial: Hit) -> str | None:
        """The outermost path that a deny is about: the one asked for, or a directory above it."""
        if not isinstance(subject, PathSubject) or not isinstance(denial.matcher, PathMatcher):
            return None
        seen = self._compiled.seen_by(denial.matcher, subject)
        hit = denial.matcher.hits(seen) if isinstance(seen, PathSubject) else ()
        return min((path for path in hit if covers(path, subject.real)), key=len, default=subject.real)

    def _by_nature(self, operation: Operation, subject: Subject) -> Ruling | None:
        """What no rule names and yet needs none."""
        if operation.capability is Capability.HOST:
            for layer in self._compiled.ruleset.layers:
                if operation.resource in layer.host:
                    why = f"`host: [{operation.resource}]` in {layer.source}"
                    return Ruling(operation=operation, outcome=Outcome.ALLOW, why=why)
        why = is_free(operation.capability, subject)
        if not why and operation.capability is Capability.READ:
            written = plain_outcome(self._compiled, Capability.WRITE, subject)
            why = "it may be written, so it may be read" if written is Outcome.ALLOW else ""
        return Ruling(operation=operation, outcome=Outcome.ALLOW, why=why) if why else None

    def _ask(self, operation: Operation, rule: Rule, why: str, *, surely: bool = True) -> Ruling:
        """A rule wants a person's answer, whatever the mode."""
        if grant := find_grant(self._grants, Outcome.ALLOW, self._asked(operation), rule=rule):
            return _granted(operation, grant)
        return self._answered(Ruling(operation=operation, outcome=Outcome.ASK, rule=rule, why=why), surely)

    def _unlisted(self, operation: Operation, rule: Rule | None = None, doubt: str = "") -> Ruling:
        """Grants, then the mode. `rule` and `doubt`: listed by name, but that says too little here."""
        if grant := find_grant(self._grants, Outcome.ALLOW, self._asked(operation)):
            return _granted(operation, grant)
        mode = self._compiled.mode(operation.capability)
        contained = mode == "confined" and self._facts.no_gap
        what = doubt or _unlisted_because(operation)
        if is_unmade(operation, self._facts):
            directory = posixpath.dirname(operation.resolved or "")
            what += f"; it does not exist yet, and making a file needs its directory, {directory}"
        outcome, why = Outcome.ASK, what
        if operation.capability is Capability.RUN and (mode == "execute" or contained):
            outcome, why = Outcome.ALLOW, f"{what}; mode {mode}"
        elif mode == "deny":
            outcome, why = Outcome.DENY, f"{what}; mode deny"
        elif mode == "confined" and operation.capability is Capability.RUN:
            why = f"{what}; mode confined, but the sandbox has a gap here"
        return self._answered(Ruling(operation=operation, outcome=outcome, rule=rule, mode=mode, why=why))

    def _answered(self, ruling: Ruling, surely: bool = True) -> Ruling:
        """Lets `--yes` answer an ask that it covers."""
        if ruling.outcome is not Outcome.ASK or self._bypass.yes == "no":
            return ruling
        operation = ruling.operation
        if operation.capability is Capability.HOST:
            return ruling
        literal = operation.capability is Capability.RUN and operation.kind in ("literal", "wrapper")
        if self._bypass.yes == "all" or (literal and surely):
            flag = "--yes=all" if self._bypass.yes == "all" else "--yes"
            return replace(ruling, outcome=Outcome.ALLOW, why=f"{ruling.why}; answered by {flag}")
        return ruling

    def _asked(self, operation: Operation) -> tuple[Operation, ExecutionRequest, PolicyFacts]:
        return operation, self._request, self._facts

    def _flag_names(self, path: str) -> bool:
        return any(
            isinstance(item, PathMatcher) and item.rule.verdict is Outcome.ALLOW and path in item.paths.bases
            for item in self._compiled.flags.matchers(Capability.WRITE)
        )


def _unlisted_because(operation: Operation) -> str:
    if operation.kind in ("dynamic", "unparseable", "escape") and operation.note:
        return operation.note
    return f"no rule names it ({operation.note})" if operation.note else "no rule names it"


def _doubt(hit: Hit, operation: Operation, subject: Subject) -> str:
    """Why an allow by name says too little about this use of the executable, "" if it says enough."""
    if not isinstance(subject, RunSubject) or not isinstance(hit.matcher, RunMatcher):
        return ""
    if operation.kind == "escape" and not hit.matcher.spells_out(subject):
        return operation.note or f"an argument lets `{operation.resource}` start another program"
    if not operation.safe_path and not hit.matcher.is_path:
        return f"steps can write where `{operation.resource}` is found on the PATH"
    return ""


def _allowed(operation: Operation, hit: Hit) -> Ruling:
    return Ruling(operation=operation, outcome=Outcome.ALLOW, rule=hit.rule, why=describe_rule(hit.rule))


def _granted(operation: Operation, grant: Grant) -> Ruling:
    why = f'granted "{grant.pattern}" ({grant.scope})'
    return Ruling(operation=operation, outcome=Outcome.ALLOW, grant=grant, why=why)


def _denied(operation: Operation, why: str, rule: Rule | None = None) -> Ruling:
    return Ruling(operation=operation, outcome=Outcome.DENY, rule=rule, why=why)
