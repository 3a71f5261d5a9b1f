"""Deny rules and protected paths, compiled once so that a walk can ask about every name. Pure.

A rule is about a path if its pattern matches the path and none of its exceptions does; everything below
a matched directory is denied with it. A cheap question about the last name alone comes first, and a glob is
compiled when there is a path that it may be about: of a hundred, few ever are.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from typing import Literal

from msgspec import Struct
from wcmatch import glob

from rundown.model.policy import Rule
from rundown.policy.pattern import GLOB_FLAGS, MAX_ALTERNATIVES, expand_braces, is_tree

Action = Literal["hide", "pin"]
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*|\.[A-Za-z0-9_-][A-Za-z0-9_.-]*")


class Verdict(Struct, frozen=True):
    """What a deny does to a path, and the rule's pattern."""

    action: Action
    pattern: str


_Translated = Callable[[str], tuple[re.Pattern[str], ...]]


class Matcher:
    """Every deny of a step. What hides is asked before what only makes read-only.

    `literals`: paths that rules name outright, with everything below. `bases`: the literal directories
    that absolute globs start in.
    """

    def __init__(self, hide: Iterable[Rule], pin: Iterable[Rule], protect: Iterable[str] = ()) -> None:
        # Rules share most of their exceptions, and translating a glob is what costs.
        translated = cache(lambda text: tuple(expressions((text,))))
        self._rules = [_Compiled(rule.pattern, rule.exceptions, "hide", translated) for rule in hide]
        self._rules += [_Compiled(rule.pattern, rule.exceptions, "pin", translated) for rule in pin]
        self._rules += [_Compiled(pattern, (), "pin", translated) for pattern in protect]
        self.literals = tuple((path, rule.verdict) for rule in self._rules for path in rule.literals)
        globs = [text for rule in self._rules for text in rule.globs]
        self.bases = tuple(sorted({glob_base(text) for text in globs if text.startswith("/")}))
        names = dict.fromkeys(_last_name(text) for text in globs)
        self._names = re.compile("|".join(names) or r"(?!)")

    def name_may_match(self, name: str) -> bool:
        """Whether any glob could be about a path that ends in `name`."""
        return self._names.fullmatch(name) is not None

    def find(self, path: str) -> Verdict | None:
        """Returns what a glob says about `path` itself (not about what is above it)."""
        return next((rule.verdict for rule in self._rules if rule.match(path)), None)


class _Compiled:
    """A rule that names one tree and has no exceptions is literal; everything else is globs."""

    def __init__(
        self, pattern: str, exceptions: tuple[str, ...], action: Action, translated: _Translated
    ) -> None:
        self.verdict = Verdict(action, pattern)
        texts = expand_braces(pattern)
        named = [text.startswith("/") and is_tree(text) and not exceptions for text in texts]
        self.literals = [literal_base(text) for text, literal in zip(texts, named, strict=True) if literal]
        self.globs = [text for text, literal in zip(texts, named, strict=True) if not literal]
        self._exceptions = exceptions
        self._translated = translated
        # A literal is about what is below it too.
        self._names = {None if is_tree(text) else _plain_last_name(text) for text in self.globs}

    @cached_property
    def _match(self) -> tuple[re.Pattern[str], ...]:
        return tuple(item for text in self.globs for item in self._translated(text))

    @cached_property
    def _except(self) -> tuple[re.Pattern[str], ...]:
        return tuple(item for text in self._exceptions for item in self._translated(text))

    def match(self, path: str) -> bool:
        if None not in self._names and path.rpartition("/")[2] not in self._names:
            return False
        path += "/"  # lets `a/**` mean `a` too
        return any(item.fullmatch(path) for item in self._match) and not any(
            item.fullmatch(path) for item in self._except
        )


def expressions(patterns: Iterable[str]) -> Iterator[re.Pattern[str]]:
    """Yields compiled expressions to `fullmatch` a path with a slash behind it."""
    for pattern in patterns:
        for text in expand_braces(pattern):
            wanted = (
                [text, text.removesuffix("/") + "/**"]
                if is_tree(text) and not text.endswith("**")
                else [text]
            )
            for each in wanted:
                for expression in glob.translate(each, flags=GLOB_FLAGS, limit=MAX_ALTERNATIVES)[0]:
                    yield re.compile(expression)


def _plain_last_name(text: str) -> str | None:
    """Returns the last name of every path that a glob is about, None if there is no telling."""
    name = text.removesuffix("/").rpartition("/")[2]
    return name if _PLAIN.fullmatch(name) else None


def _last_name(text: str) -> str:
    """Returns the expression of the last name of what a glob is about; any name if there is no telling.

    There is none for a pattern that ends in `**`: it is about names below the one it spells out, which may
    be the opened tree's own.
    """
    if (plain := _plain_last_name(text)) is not None:
        return re.escape(plain)
    name = text.removesuffix("/").rpartition("/")[2]
    if name == "**" or re.search(r"[@*?+]\([^)]*/", text):
        name = "*"
    translated = glob.translate(name, flags=GLOB_FLAGS, limit=MAX_ALTERNATIVES)[0]
    return "|".join(f"(?:{item})" for item in translated)


def escape(path: str) -> str:
    """Returns the pattern that means exactly this path."""
    return re.sub(r"([\\*?\[\]{}()!|@+])", r"\\\1", path)


def literal_base(pattern: str) -> str:
    """Returns the path that a tree pattern (`/a/b`, `/a/b/**`) names, its escapes undone."""
    return re.sub(r"\\(.)", r"\1", pattern.removesuffix("/").removesuffix("/**")).removesuffix("/") or "/"


def glob_base(pattern: str) -> str:
    """Returns the longest literal directory that an absolute glob starts with."""
    base = []
    for part in pattern.split("/")[:-1]:
        if part and not is_tree("/" + part):
            break
        base.append(part)
    return literal_base("/".join(base) or "/")


def is_below(base: str, path: str) -> bool:
    """Whether `path` is `base` or lies below it."""
    return path == base or path.startswith(base.removesuffix("/") + "/")
