"""Which shipped tool profile fits a question: its grants answer at least one of the asks.

A profile granted for a session answers asks and lifts no deny, like any grant; `extends:` in a document is
the way to more.
"""

from msgspec import Struct

from rundown.model.policy import Grant, NeedsPrompt, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.facts import PolicyFacts
from rundown.policy.grants import find_grant
from rundown.policy.load import tool_document, tool_names

_ROOT = "root on this host"


class Profile(Struct, frozen=True, kw_only=True):
    """One tool's needs as grants of a session. `tells`: a line for each, for people; `is_root`: whoever has
    it can do anything on this host."""

    name: str
    grants: tuple[Grant, ...]
    tells: tuple[str, ...]
    is_root: bool = False


def fitting_profile(decision: NeedsPrompt, facts: PolicyFacts) -> Profile | None:
    """Returns the profile of a tool that the text starts which answers most of the asks, None without one."""
    started = {item.resource for item in decision.request.operations if item.capability is Capability.RUN}
    best: tuple[int, Profile | None] = (0, None)
    for name in tool_names():
        rules = _allowed(name)
        if not any(rule.capability is Capability.RUN and rule.pattern in started for rule in rules):
            continue
        profile = _profile(name, rules)
        answered = sum(
            find_grant(profile.grants, Outcome.ALLOW, (ask.operation, decision.request, facts), rule=ask.rule)
            is not None
            for ask in decision.asks
        )
        if answered > best[0]:
            best = (answered, profile)
    return best[1]


def _allowed(name: str) -> tuple[Rule, ...]:
    rules = (rule for part in tool_document(name).parts for rule in part.rules)
    return tuple(rule for rule in rules if rule.verdict is Outcome.ALLOW)


def _profile(name: str, rules: tuple[Rule, ...]) -> Profile:
    return Profile(
        name=f"tool/{name}",
        grants=tuple(Grant(capability=rule.capability, pattern=rule.pattern) for rule in rules),
        tells=tuple(
            f"{rule.capability.value} {rule.pattern}" + (f" ({rule.reason})" if rule.reason else "")
            for rule in rules
        ),
        is_root=any(_ROOT in rule.reason for rule in rules),
    )
