"""`find_masks`: which existing paths below opened trees a deny hides or makes read-only.

Rules that name a path are looked up; globs need the walk. A rule is about what lies *below* the top of
an opened tree: a path that an allow names itself stays open. Files with further names (hard links) take
those names with them.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from typing import Literal

from rundown.model.sandbox import Mask, Tree
from rundown.sandbox.patterns import Action, Matcher, Verdict, is_below
from rundown.sandbox.walk import SOCKET, Hit, WalkMemory, find_hits, find_linked, find_names_of


def find_masks(
    matcher: Matcher,
    trees: tuple[Tree, ...],
    tops: tuple[str, ...],
    named: frozenset[str],
    memory: WalkMemory,
) -> tuple[Mask, ...]:
    """Returns masks sorted by path, none below a hidden one.

    `tops`: directories to walk. `named`: paths that allows name. Pins are kept where they mean
    something, below a tree that is open for writing.
    """
    found = {hit.path: hit for hit in _looked_up(matcher, trees)}
    listening = find_listening(_read_sockets())
    own = [base for base in matcher.bases if _is_elsewhere(base, tops, trees)]
    for top in (*tops, *own):
        for hit in find_hits(top, matcher, memory):
            if hit.path not in named and (hit.verdict != SOCKET or _is_listening(hit.path, listening)):
                found.setdefault(hit.path, hit)
    hidden = [hit for hit in found.values() if hit.verdict.action == "hide"]
    writable = tuple(tree.path for tree in trees if tree.write)
    pinned = [
        hit
        for hit in found.values()
        if hit.verdict.action == "pin" and any(is_below(top, hit.path) for top in writable)
    ]
    hidden += _with_further_names(hidden, "hide", (*tops, *writable))
    pinned += _with_further_names(pinned, "pin", writable)
    return tuple(_sorted([*hidden, *pinned]))


def _read_sockets() -> str:
    try:
        with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def find_listening(table: str) -> frozenset[str]:
    """Returns the paths that unix sockets of this network namespace are bound to, as they were given.

    `table` is the text of /proc/net/unix (proc(5)); abstract names begin with `@` there.
    """
    paths = (line.split(maxsplit=7)[7] for line in table.splitlines()[1:] if len(line.split(maxsplit=7)) > 7)
    return frozenset(path for path in paths if not path.startswith("@"))


def _is_listening(path: str, listening: frozenset[str]) -> bool:
    """A socket may be bound by a relative path: then its last name has to do. Others are left-overs."""
    return path in listening or any(
        not bound.startswith("/") and os.path.basename(bound) == os.path.basename(path) for bound in listening
    )


def _looked_up(matcher: Matcher, trees: tuple[Tree, ...]) -> Iterator[Hit]:
    for literal, verdict in matcher.literals:
        for path in dict.fromkeys((literal, os.path.realpath(literal))):
            kind = _kind(path)
            if kind is not None and any(is_below(tree.path, path) for tree in trees):
                yield Hit(path, kind, verdict)


def _kind(path: str) -> Literal["dir", "file"] | None:
    """Returns None for what is not there, and for symlinks, which nothing can be mounted on."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return None
    if stat.S_ISLNK(mode):
        return None
    return "dir" if stat.S_ISDIR(mode) else "file"


def _is_elsewhere(base: str, tops: tuple[str, ...], trees: tuple[Tree, ...]) -> bool:
    """Whether a glob's base lies in a tree that is not walked as a whole (the system's, a tool's)."""
    walked = any(is_below(top, base) for top in tops)
    return not walked and any(is_below(tree.path, base) for tree in trees)


def _with_further_names(hits: Iterable[Hit], action: Action, tops: tuple[str, ...]) -> list[Hit]:
    inodes = find_linked(hits)
    if not inodes:
        return []
    known = frozenset(hit.path for hit in hits)
    names = find_names_of(inodes, dict.fromkeys(tops), known)
    return [Hit(name, "file", Verdict(action, "")) for name in dict.fromkeys(names)]


def _sorted(hits: Iterable[Hit]) -> Iterator[Mask]:
    """Yields hits by path; what lies below a hidden directory is hidden with it."""
    hidden: set[str] = set()
    for hit in sorted(hits, key=lambda hit: (hit.path.split("/"), hit.verdict.action)):
        above = hit.path
        while above not in hidden and above != "/":
            above = os.path.dirname(above)
        if above in hidden:
            continue
        if hit.verdict.action == "hide":
            hidden.add(hit.path)
        yield Mask(path=hit.path, kind=hit.kind, action=hit.verdict.action, pattern=hit.verdict.pattern)
