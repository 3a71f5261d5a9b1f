"""What the sandbox will let a step read, write and reach, in a few lines, for whoever is asked.

Told from the very envelope that would be enforced if everything asked for were allowed.
"""

import os
from collections.abc import Iterable

from rundown.model.policy import Envelope, Outcome
from rundown.model.sandbox import Refusal
from rundown.policy.paths import covers
from rundown.sandbox.tiers import HOST_WORDS, choose_tier
from rundown.session.desk import Desk

_MOST_NAMES = 8


def describe_view(desk: Desk, envelope: Envelope) -> tuple[str, ...]:
    """Returns a line on each of reading, writing and the network, or that there is no sandbox."""
    tier = choose_tier(desk.host, desk.wish.sandbox)
    if isinstance(tier, Refusal):
        return (f"would not start: {tier.message}",)
    if tier == "none" or "unconfined" in envelope.host:
        return (f"is not confined: {_why_not(desk, envelope)}",)
    reads = [path for path in envelope.read_allow if path not in envelope.write_allow]
    writes = [
        path for path in envelope.write_allow if path in envelope.write_made or os.path.exists(_bare(path))
    ]
    opened = [HOST_WORDS[word] for word in envelope.host if word in HOST_WORDS]
    read = ", ".join([*_names(desk, reads), "what it writes", "the system's files"])
    return (
        f"reads   {read}; nothing that policy denies",
        f"writes  {', '.join(_names(desk, writes)) or 'nothing'}",
        *(f"also    {sentence}" for sentence in opened),
        *((_reach(envelope),) if "net" not in envelope.host else ()),
    )


def _reach(envelope: Envelope) -> str:
    """What connections are let through without a question."""
    allowed = [rule.pattern for rule in envelope.net if rule.verdict is Outcome.ALLOW]
    shown = list(dict.fromkeys(allowed))[:_MOST_NAMES]
    more = f", and {len(set(allowed)) - len(shown)} more" if len(set(allowed)) > len(shown) else ""
    return f"reaches {', '.join(shown)}{more}; nothing else" if shown else "reaches no network"


def _why_not(desk: Desk, envelope: Envelope) -> str:
    if desk.wish.sandbox == "none":
        return "--no-sandbox"
    return "host=unconfined" if "unconfined" in envelope.host else "this host cannot confine anything"


def _names(desk: Desk, patterns: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(_name(desk, pattern) for pattern in patterns))
    names.sort(key=lambda name: name.startswith(("/", "its ")))
    more = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    return [*names[:_MOST_NAMES], *more]


def _name(desk: Desk, pattern: str) -> str:
    path = _bare(pattern)
    known = {
        desk.project.root: "this project",
        desk.facts.tmp: "its own /tmp",
        desk.cache: "its cache",
    }
    if path in known:
        return known[path]
    end = "/" if pattern.endswith("/**") else ""
    inside = path != desk.project.root and covers(desk.project.root, path)
    return (os.path.relpath(path, desk.project.root) if inside else path) + end


def _bare(pattern: str) -> str:
    return pattern.removesuffix("/**")
