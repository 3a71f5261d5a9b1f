"""Path patterns with their places filled in. Pure: paths are texts here, absolute and already resolved."""

import re
from functools import cached_property

from wcmatch import glob

from rundown.policy.facts import PolicyFacts
from rundown.policy.pattern import (
    GLOB_FLAGS,
    MAX_ALTERNATIVES,
    PLACEHOLDER,
    escape_path,
    expand_braces,
    is_tree,
    unescape_path,
)


class Paths:
    """A path pattern with its places filled in; matches absolute paths without a trailing slash."""

    def __init__(self, pattern: str, facts: PolicyFacts) -> None:
        self.floating = pattern.startswith("**/")
        self.bases: tuple[str, ...] = ()
        self._globs: tuple[str, ...] = ()
        texts = fill_places(pattern, facts)
        self._outside = _not_temporary(facts) if pattern.startswith("{tmp}") else ()
        if all(is_tree(text) for text in texts):
            self.bases = tuple(
                unescape_path(text.removesuffix("/").removesuffix("/**")) or "/" for text in texts
            )
        else:
            self._globs = texts
        self._prefixes = tuple((base, base.removesuffix("/") + "/") for base in self.bases)

    @cached_property
    def _expressions(self) -> tuple[re.Pattern[str], ...]:
        return tuple(
            re.compile(text)
            for pattern in self._globs
            for text in glob.translate(pattern, flags=GLOB_FLAGS, limit=MAX_ALTERNATIVES)[0]
        )

    def match(self, path: str) -> bool:
        """Whether the path is meant. A literal path or `path/**` means itself and all below."""
        for place in self._outside:
            if covers(place, path):
                return False
        for base, below in self._prefixes:
            if path == base or path.startswith(below):
                return True
        # The slash lets `a/**` mean `a` too; fullmatch, or `$` would ignore a line end.
        return any(item.fullmatch(path + "/") for item in self._expressions)


def open_places(pattern: str, facts: PolicyFacts) -> tuple[str, ...]:
    """Returns a path pattern with its placeholder filled in, braces untouched; none without a place."""
    found = PLACEHOLDER.match(pattern)
    if found is None:
        return (pattern,)
    return tuple(escape_path(place) + pattern[found.end() :] for place in _places(found[1], facts))


def covers(base: str, path: str) -> bool:
    """Whether `path` is `base` or lies below it."""
    return path == base or path.startswith(base.removesuffix("/") + "/")


def fill_places(pattern: str, facts: PolicyFacts) -> tuple[str, ...]:
    """Returns the absolute (or `**/`) patterns that a pattern means; none if its place does not exist.

    Braces that name trees are expanded; `{gitdir}` may be several directories.
    """
    return tuple(item for text in open_places(pattern, facts) for item in expand_braces(text))


def _not_temporary(facts: PolicyFacts) -> tuple[str, ...]:
    """Places that lie below the host's temporary directory: `{tmp}` is the step's own, and never they."""
    places = (facts.root, facts.home, facts.cache, facts.config, facts.gitdir, *facts.gitdirs)
    return tuple(place for place in places if place and covers(facts.tmp, place))


def _places(name: str, facts: PolicyFacts) -> tuple[str, ...]:
    if name == "gitdir":
        return tuple(dict.fromkeys(place for place in (facts.gitdir, *facts.gitdirs) if place))
    place: str = {
        "repo": facts.root,
        "tmp": facts.tmp,
        "cache": facts.cache,
        "home": facts.home,
        "config": facts.config,
    }.get(name, "")
    return (place.rstrip("/"),) if place else ()
