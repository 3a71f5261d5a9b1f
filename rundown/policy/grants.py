"""What a remembered answer covers, and what it is to remember.

A grant answers an ask and nothing else. For a literal it remembers name and real path; for an escape or
opaque text the exact argv; for what is known only at run time the digest of the whole text, for this
session only.
"""

import posixpath

from rundown.model.digest import digest_value
from rundown.model.policy import Grant, LayerKind, Outcome, Rule, Ruling
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.policy.facts import PolicyFacts
from rundown.policy.host import Endpoint, parse_endpoint
from rundown.policy.match import Certainty, RunMatcher, compile_rule
from rundown.policy.pattern import Flaw, escape_path, find_flaw, literal_argv, split_words
from rundown.policy.subject import RunSubject, sets_variable, subject_of

_PLAIN = ("literal", "wrapper")

Asked = tuple[Operation, ExecutionRequest, PolicyFacts]
"""What a grant is held against: an operation of a request, under these facts."""


def remember(
    request: ExecutionRequest, ruling: Ruling, *, everything: bool = False, pattern: str | None = None
) -> Grant:
    """Returns the grant that answers this ask, for this session.

    `everything`: all of this type that is not listed or denied. `pattern`: what a person made of the
    proposed one; a flawed pattern counts as not edited.
    """
    operation = ruling.operation
    capability = operation.capability
    if everything:
        return Grant(capability=capability, pattern="*", everything=True)
    proposed = _exact(request, ruling)
    if pattern is None or pattern == proposed.pattern or flaw_of(capability, pattern):
        return proposed
    return Grant(capability=capability, pattern=pattern)


def flaw_of(capability: Capability, pattern: str) -> Flaw | None:
    """Returns what is wrong with a pattern that a person typed for a grant, None if nothing is."""
    if capability is Capability.HOST:
        return Flaw(code="bad-pattern", message="a host word cannot be edited")
    return find_flaw(capability, pattern, Outcome.ALLOW)


def find_grant(
    grants: tuple[Grant, ...],
    verdict: Outcome,
    asked: Asked,
    *,
    rule: Rule | None = None,
) -> Grant | None:
    """Returns the first grant of that verdict that covers the operation, None without one.

    `rule`: the one that asks for this; "all of this type" does not answer it, and a name alone does not
    if it is about some words of a command.
    """
    return next((grant for grant in grants if grant.verdict is verdict and _covers(grant, asked, rule)), None)


def block_digest(request: ExecutionRequest, operation: Operation) -> str:
    """Returns what a grant for run-time text remembers: this text, in this shell, and which part of it."""
    what = (request.kind, request.text, request.argv, operation.capability.value, operation.resource)
    return digest_value("rundown/block/1", (*what, operation.argv, operation.span))


def _exact(request: ExecutionRequest, ruling: Ruling) -> Grant:
    operation = ruling.operation
    capability, words = operation.capability, operation.argv
    if tree := tree_for(ruling):
        return Grant(capability=capability, pattern=tree)
    if capability is not Capability.RUN:
        return Grant(capability=capability, pattern=_name(operation), resolved=operation.resolved)
    known = tuple(word for word in words if word is not None)
    by_words = operation.kind not in _PLAIN or _counts_words(ruling.rule)
    if operation.kind in ("dynamic", "unparseable") or (by_words and len(known) < len(words)):
        digest = block_digest(request, operation)
        return Grant(capability=capability, pattern=operation.resource, digest=digest)
    if by_words and words:
        return Grant(
            capability=capability, pattern=literal_argv(known), resolved=operation.resolved, argv=known
        )
    return Grant(
        capability=capability, pattern=literal_argv((operation.resource,)), resolved=operation.resolved
    )


def tree_for(ruling: Ruling) -> str:
    """Returns the tree that must be open for a file to be made, "" where the file is there already."""
    operation, fix = ruling.operation, ruling.fix
    opens_tree = fix is not None and fix.pattern is not None and fix.pattern.endswith("/**")
    if operation.capability is not Capability.WRITE or not opens_tree or operation.resolved is None:
        return ""
    return escape_path(posixpath.dirname(operation.resolved).rstrip("/")) + "/**"


def _counts_words(rule: Rule | None) -> bool:
    """Whether the rule that asks is about more than the executable's name."""
    return rule is not None and rule.verdict is not Outcome.ALLOW and len(split_words(rule.pattern)) > 1


def _name(operation: Operation) -> str:
    match operation.capability:
        case Capability.READ | Capability.WRITE:
            return escape_path(operation.resolved or operation.resource)
        case Capability.ENV:
            return operation.resource + ("=" if sets_variable(operation) else "")
        case Capability.NET:
            found = parse_endpoint(operation.resource)
            return str(found) if isinstance(found, Endpoint) else operation.resource
        case _:
            return operation.resource


def _covers(grant: Grant, asked: Asked, rule: Rule | None) -> bool:
    operation, request, _ = asked
    if grant.capability is not operation.capability:
        return False
    if grant.everything:
        if grant.verdict is Outcome.DENY:
            return True
        return operation.kind in _PLAIN and rule is None and operation.capability is not Capability.HOST
    if grant.digest is not None:
        return grant.digest == block_digest(request, operation)
    if operation.capability is Capability.RUN:
        return _covers_run(grant, asked, rule)
    if operation.resource and _name(operation) == grant.pattern:
        return True
    return operation.capability is not Capability.HOST and _matches(grant, asked)


def _covers_run(grant: Grant, asked: Asked, rule: Rule | None) -> bool:
    operation = asked[0]
    if grant.argv:
        return operation.argv == grant.argv and operation.resolved == grant.resolved
    if grant.resolved is not None:
        same = grant.pattern == literal_argv((operation.resource,)) and operation.resolved == grant.resolved
        return same and operation.kind in _PLAIN and not _counts_words(rule)
    if not _matches(grant, asked):
        return False
    # A pattern that somebody wrote: a bare name says nothing about escapes, code, or who may replace it.
    words = split_words(grant.pattern)
    if len(words) > 1:
        return True
    plain = operation.kind in _PLAIN and not _counts_words(rule)
    return plain and (operation.safe_path or "/" in words[0])


def _matches(grant: Grant, asked: Asked) -> bool:
    """Whether a pattern that a person wrote means the operation."""
    operation, request, facts = asked
    if flaw_of(grant.capability, grant.pattern):
        return False
    rule = Rule(
        capability=grant.capability, verdict=Outcome.ALLOW, pattern=grant.pattern, layer=LayerKind.SESSION
    )
    matcher = compile_rule(rule, facts)
    subject = subject_of(operation, request, facts)
    if matcher.match(subject) is not Certainty.YES:
        return False
    if operation.kind == "escape" and isinstance(matcher, RunMatcher) and isinstance(subject, RunSubject):
        return matcher.spells_out(subject)
    return True
