"""Rules made ready to match, one class a capability. Compiled once a run, pure afterwards.

A deny or an ask is matched widely (what *may* be meant counts), an allow narrowly (only what is surely
meant counts). Each class says which it is; who wins is settled in `evaluate.py`.
"""

import fnmatch
import ipaddress
import posixpath
import re
from enum import IntEnum
from typing import assert_never

from rundown.model.policy import Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.facts import PolicyFacts
from rundown.policy.host import DEFAULT_PORTS, Network, normalise_host, split_port
from rundown.policy.paths import Paths
from rundown.policy.pattern import is_literal, path_below, split_words
from rundown.policy.subject import NameSubject, NetSubject, PathSubject, RunSubject, Subject

# Programs that are another one by the name they are called by: same file, not the same thing.
_BY_CALLED_NAME = frozenset(
    ["busybox", "toybox", "coreutils", "pgrep", "systemctl", "rustup", "mise", "asdf", "volta-shim", "kmod"]
)


class Certainty(IntEnum):
    """Whether a rule is about an operation. MAYBE: a word that is known only at run time may make it so."""

    NO = 0
    MAYBE = 1
    YES = 2


class RunMatcher:
    """An executable's name, path, or the beginning of an argv."""

    def __init__(self, rule: Rule, facts: PolicyFacts) -> None:
        self.rule = rule
        self.words = split_words(rule.pattern)
        self.literal = all(is_literal(Capability.RUN, word) for word in self.words)
        self.is_path = "/" in self.words[0]
        self.anything = self.words in (("*",), ("**",))
        self._facts = facts
        self._path = Paths(path_below(self.words[0], rule.verdict), facts) if self.is_path else None
        self._name = (
            None if self.is_path or is_literal(Capability.RUN, self.words[0]) else _word(self.words[0])
        )
        self._rest = tuple(None if word == "**" else _word(word) for word in self.words[1:])
        self._wide = rule.verdict is not Outcome.ALLOW
        self._exceptions = tuple(RunMatcher(_exception(rule, text), facts) for text in rule.exceptions)

    @property
    def name(self) -> str | None:
        """The executable's name if the rule names one literally."""
        return self.words[0] if not self.is_path and self._name is None else None

    def match(self, subject: Subject) -> Certainty:
        """How surely the operation is meant."""
        assert isinstance(subject, RunSubject)
        if subject.open:
            return Certainty.YES if self.anything and self._wide else Certainty.NO
        if not self.anything and not self._match_executable(subject):
            return Certainty.NO
        found = _match_rest(self._rest, subject.words[1:], wide=self._wide)
        return Certainty.NO if found and _excepted(self, self._exceptions, subject) else found

    def lifts(self, lower: "Matcher", subject: Subject) -> bool:
        """Whether this allow or ask takes a lower document's deny away, both matching `subject`."""
        if self.rule.pattern == lower.rule.pattern:
            return True
        assert isinstance(lower, RunMatcher)
        return self.literal and len(self.words) >= len([word for word in lower.words if word != "**"])

    def spells_out(self, subject: RunSubject) -> bool:
        """Whether every word of the operation stands in the rule, literally and in order.

        A bare name spells nothing out, not even an operation of one word; the file's path does.
        """
        words = tuple(_literal_text(word) for word in self.words[1:])
        named = self._name is None and (len(self.words) > 1 or self.is_path)
        return named and words == subject.words[1:]

    def _match_executable(self, subject: RunSubject) -> bool:
        if self._path is not None:
            return any(self._path.match(place) for place in subject.places)
        if not subject.is_path:
            return self._match_name(subject.word)
        called, real = posixpath.basename(subject.word), subject.resolved
        if real is None:
            return False
        names = (called, posixpath.basename(real)) if self._name else (self.words[0],)
        return any(
            self._match_name(name)
            and self._facts.executables.get(name) == real
            and (posixpath.basename(real) not in _BY_CALLED_NAME or called == name)
            for name in names
        )

    def _match_name(self, name: str) -> bool:
        return name == self.words[0] if self._name is None else self._name.fullmatch(name) is not None


class PathMatcher:
    """A tree, a file, or a glob over paths."""

    def __init__(self, rule: Rule, facts: PolicyFacts) -> None:
        self.rule = rule
        self.literal = is_literal(rule.capability, rule.pattern)
        self.paths = Paths(path_below(rule.pattern, rule.verdict), facts)
        self._wide = rule.verdict is not Outcome.ALLOW
        self._exceptions = tuple(Paths(path_below(text, Outcome.DENY), facts) for text in rule.exceptions)

    def match(self, subject: Subject) -> Certainty:
        """How surely the path is meant: YES or NO."""
        assert isinstance(subject, PathSubject)
        if not self._wide:
            return Certainty.YES if self.paths.match(subject.real) else Certainty.NO
        return Certainty.YES if self.hits(subject) else Certainty.NO

    def hits(self, subject: PathSubject) -> tuple[str, ...]:
        """Returns the paths of the subject's chains that the rule is about, exceptions left out."""
        return tuple(
            path
            for line in subject.chains
            for path in line
            if self.paths.match(path) and not any(item.match(path) for item in self._exceptions)
        )

    def lifts(self, lower: "Matcher", subject: Subject) -> bool:
        """Whether this allow or ask takes a lower document's deny away, both matching `subject`."""
        if self.rule.pattern == lower.rule.pattern:
            return True
        assert isinstance(subject, PathSubject) and isinstance(lower, PathMatcher)
        return self.literal and all(self.paths.match(path) for path in lower.hits(subject))


class NameMatcher:
    """A variable's name, `NAME=` for its assignment in a text, a host word, or the name of a tool."""

    def __init__(self, rule: Rule, facts: PolicyFacts) -> None:
        self.rule = rule
        self.literal = is_literal(rule.capability, rule.pattern)
        self._assignment = rule.pattern.endswith("=")
        self._name = _word(rule.pattern.removesuffix("="))
        self._wide = rule.verdict is not Outcome.ALLOW
        self._exceptions = tuple(_word(text) for text in rule.exceptions)

    def match(self, subject: Subject) -> Certainty:
        """How surely the name is meant: YES or NO. An allow without `=` allows no assignment."""
        assert isinstance(subject, NameSubject)
        if self._assignment != subject.assigned and not (self._wide and not self._assignment):
            return Certainty.NO
        if not self._name.fullmatch(subject.name):
            return Certainty.NO
        excepted = any(item.fullmatch(subject.name) for item in self._exceptions)
        return Certainty.NO if excepted else Certainty.YES

    def lifts(self, lower: "Matcher", subject: Subject) -> bool:
        """Whether this allow or ask takes a lower document's deny away, both matching `subject`."""
        return self.literal or self.rule.pattern == lower.rule.pattern


class NetMatcher:
    """A host, its sub-domains, an address or a range, with or without a port."""

    def __init__(self, rule: Rule, facts: PolicyFacts) -> None:
        self.rule = rule
        self.literal = is_literal(Capability.NET, rule.pattern)
        self._wide = rule.verdict is not Outcome.ALLOW
        host, port = split_port(rule.pattern)
        self.ports = _ports(str(port), wide=self._wide)
        self.network: Network | None = None
        self.suffix = self.host = ""
        if "/" in host:
            self.network = ipaddress.ip_network(host.strip("[]"))
        elif host.startswith("*."):
            self.suffix = "." + str(normalise_host(host[2:]))
        elif host != "*":
            self.host = str(normalise_host(host))
        self._exceptions = tuple(NetMatcher(_exception(rule, text), facts) for text in rule.exceptions)

    def match(self, subject: Subject) -> Certainty:
        """How surely the connection is meant: YES or NO. A text without a port may mean any."""
        assert isinstance(subject, NetSubject)
        if self.ports is not None and subject.port not in self.ports and (subject.port or self._wide):
            return Certainty.NO
        if not self._match_host(subject):
            return Certainty.NO
        return Certainty.NO if _excepted(self, self._exceptions, subject) else Certainty.YES

    def lifts(self, lower: "Matcher", subject: Subject) -> bool:
        """Whether this allow or ask takes a lower document's deny away, both matching `subject`."""
        return self.literal or self.rule.pattern == lower.rule.pattern

    def _match_host(self, subject: NetSubject) -> bool:
        if self.network is not None:
            address = subject.address
            return address is not None and address.version == self.network.version and address in self.network
        if self.suffix:
            return subject.host.endswith(self.suffix)
        return not self.host or subject.host == self.host


Matcher = RunMatcher | PathMatcher | NameMatcher | NetMatcher


def compile_rule(rule: Rule, facts: PolicyFacts) -> Matcher:
    """Returns the rule, ready to match."""
    match rule.capability:
        case Capability.RUN:
            return RunMatcher(rule, facts)
        case Capability.READ | Capability.WRITE:
            return PathMatcher(rule, facts)
        case Capability.ENV | Capability.HOST | Capability.TOOL:
            return NameMatcher(rule, facts)
        case Capability.NET:
            return NetMatcher(rule, facts)
        case _:
            assert_never(rule.capability)


def _match_rest(
    patterns: tuple[re.Pattern[str] | None, ...], words: tuple[str | None, ...], *, wide: bool
) -> Certainty:
    """None among patterns is `**`, None among words is one that is known only at run time."""
    if not patterns:
        return Certainty.YES
    first, rest = patterns[0], patterns[1:]
    if first is None:
        tails = (_match_rest(rest, words[at:], wide=wide) for at in range(len(words) + 1))
        return max(tails) if rest else Certainty.YES
    if not words:
        return Certainty.NO
    if words[0] is None:
        if all(item is None or item.fullmatch("") for item in patterns):
            return Certainty.YES
        # Unquoted, it may become any number of words: a deny may be meant, an allow surely is not.
        return Certainty.MAYBE if wide else Certainty.NO
    return _match_rest(rest, words[1:], wide=wide) if first.fullmatch(words[0]) else Certainty.NO


def _word(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))


def _literal_text(word: str) -> str | None:
    """The one text a word pattern means (`[*]` is `*`), None if it means several."""
    plain = re.sub(r"\[([*?\[])\]", "", word)
    return None if re.search(r"[*?\[]", plain) else re.sub(r"\[([*?\[])\]", r"\1", word)


def _ports(text: str, *, wide: bool) -> tuple[int, ...] | None:
    """None: every port. Without a port an allow means 80 and 443, a deny everything."""
    if text == "*" or (not text and wide):
        return None
    return (int(text),) if text else DEFAULT_PORTS


def _exception(rule: Rule, text: str) -> Rule:
    """Exceptions of an allow take away, so they are matched widely; those of a deny give, so narrowly."""
    verdict = Outcome.DENY if rule.verdict is Outcome.ALLOW else Outcome.ALLOW
    return Rule(capability=rule.capability, verdict=verdict, pattern=text, layer=rule.layer)


def _excepted(owner: Matcher, exceptions: tuple["RunMatcher | NetMatcher", ...], subject: Subject) -> bool:
    enough = Certainty.MAYBE if owner.rule.verdict is Outcome.ALLOW else Certainty.YES
    return any(item.match(subject) >= enough for item in exceptions)
