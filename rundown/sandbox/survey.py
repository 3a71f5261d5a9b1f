"""`survey`: what exists on the host at step start of what policy opens, hides and protects.

The only part of planning that looks at the host's files. Follows no symlink inside an opened tree; a
tree that is itself reached through one is not opened, and said so.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from rundown.model.policy import Envelope
from rundown.model.sandbox import Gap, Mask, Survey, Tree
from rundown.policy.pattern import is_tree
from rundown.sandbox.compared import is_comparable
from rundown.sandbox.gitconfig import without_credentials
from rundown.sandbox.masks import find_masks
from rundown.sandbox.patterns import Matcher, escape, expressions, glob_base, is_below
from rundown.sandbox.programs import find_multi_call, find_programs
from rundown.sandbox.settings import ViewSettings
from rundown.sandbox.system import find_system_paths
from rundown.sandbox.walk import WalkMemory

_MOST_EXPANDED: Final = 5000
_LARGEST_CONFIG: Final = 1 << 20
_GIT_FILES: Final = (".gitconfig", ".config/git/config", ".config/git/ignore", ".config/git/attributes")
_NOT_OPENED_BY_ROOT: Final = frozenset({"proc", "dev", "tmp"})


def survey(envelope: Envelope, settings: ViewSettings, memory: WalkMemory | None = None) -> Survey:
    """Returns what was found. Give the same `memory` to every survey of a run: unchanged directories are
    not read again."""
    problems: list[Gap] = []
    missing: list[str] = []
    wanted = [
        *_trees(envelope.read_allow, False, settings, problems, missing),
        *_trees(envelope.write_allow, True, settings, problems, missing),
    ]
    system, links = find_system_paths()
    pinned = (*envelope.protect, *(path for path in envelope.compare if not is_comparable(path)))
    protected = tuple(escape(text) if _is_plain(text) else text for text in pinned)
    memory = memory or WalkMemory()
    matcher = memory.matcher(
        (envelope.read_deny, envelope.write_deny, protected),
        lambda: Matcher(envelope.read_deny, envelope.write_deny, protected),
    )
    opened = [*_toolchains(envelope.run_trees), *_minus_literals(wanted, matcher)]
    trees = _without_doubles([*system, *opened])
    masks = find_masks(
        matcher, trees, _walked(wanted, settings), frozenset(tree.path for tree in wanted), memory
    )
    if envelope.enforce_run == "tree":
        problems += find_multi_call(envelope.programs)
    return Survey(
        trees=trees,
        links=tuple(link for link in links if not any(is_below(tree.path, link.path) for tree in trees)),
        masks=masks,
        problems=tuple(dict.fromkeys(problems)),
        copies=tuple(_copies(settings.home)),
        foreign_owner=_is_foreign(settings.root),
        listings=tuple(_listings(masks, trees)),
        missing=tuple(dict.fromkeys(missing)),
        programs=find_programs(envelope.programs) if envelope.enforce_run == "tree" else (),
        proc_names=tuple(sorted(name for name in os.listdir("/proc") if not name.isdigit())),
    )


def _is_plain(text: str) -> bool:
    """Whether a text of the envelope is a path as it is: trees and literals are not escaped there."""
    return is_tree(text) or os.path.lexists(text)


def _trees(
    patterns: Iterable[str], write: bool, settings: ViewSettings, problems: list[Gap], missing: list[str]
) -> Iterator[Tree]:
    for pattern in patterns:
        path = pattern.removesuffix("/").removesuffix("/**") or "/"
        if path in (settings.tmp, "/tmp", "/var/tmp"):
            continue  # `{tmp}` is the run's own
        if _is_plain(path):
            yield from _tree(path, write, problems, missing)
        elif not write:
            yield from _expand(pattern, problems)


def _tree(path: str, write: bool, problems: list[Gap], missing: list[str]) -> Iterator[Tree]:
    if path == "/":
        names = sorted(set(os.listdir("/")) - _NOT_OPENED_BY_ROOT)
        for name in names:
            if not os.path.islink("/" + name):
                yield from _tree("/" + name, write, problems, missing)
        return
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        if write:
            missing.append(path)
        return
    if os.path.realpath(path) != path:
        problems.append(
            Gap(
                code="sandbox/tree-is-symlink",
                message=f"{path} is reached through a symbolic link and is not opened",
                remedy=f"name {os.path.realpath(path)} instead",
            )
        )
        return
    yield Tree(path=path, kind="dir" if stat.S_ISDIR(mode) else "file", write=write)


def _expand(pattern: str, problems: list[Gap]) -> Iterator[Tree]:
    """Yields the files that a read glob means now."""
    wanted = tuple(expressions((pattern,)))
    count = 0
    for directory, _, names in os.walk(glob_base(pattern)):
        for name in names:
            path = os.path.join(directory, name)
            if any(item.fullmatch(path + "/") for item in wanted) and not os.path.islink(path):
                count += 1
                if count > _MOST_EXPANDED:
                    message = f"{pattern} means more than {_MOST_EXPANDED} files; the rest is not opened"
                    problems.append(
                        Gap(code="sandbox/glob-too-wide", message=message, remedy="name a directory")
                    )
                    return
                yield Tree(path=path, kind="file")


def _toolchains(paths: Iterable[str]) -> Iterator[Tree]:
    for path in paths:
        real = os.path.realpath(path)
        if os.path.exists(real) and real != "/":
            yield Tree(path=real, kind="dir" if os.path.isdir(real) else "file", origin="toolchain")


def _without_doubles(trees: Iterable[Tree]) -> tuple[Tree, ...]:
    """Returns each path once, parents first, without what a parent opens just as far."""
    by_path: dict[str, Tree] = {}
    for tree in trees:
        known = by_path.get(tree.path)
        if known is None or (tree.write and not known.write):
            by_path[tree.path] = tree
    kept: list[Tree] = []
    for tree in sorted(by_path.values(), key=lambda tree: tree.path.split("/")):
        above = [other for other in kept if is_below(other.path, tree.path)]
        if not above or (tree.write and not above[-1].write):
            kept.append(tree)
    return tuple(kept)


def _minus_literals(trees: Iterable[Tree], matcher: Matcher) -> Iterator[Tree]:
    """Yields the trees that no deny names, or names an ancestor of; a write deny makes one read-only."""
    for tree in trees:
        actions = {verdict.action for path, verdict in matcher.literals if is_below(path, tree.path)}
        if "hide" not in actions:
            yield replace(tree, write=False) if "pin" in actions else tree


def _walked(trees: Iterable[Tree], settings: ViewSettings) -> tuple[str, ...]:
    """Returns the topmost directories that rules open; the cache holds only what steps put there."""
    tops: list[str] = []
    for tree in sorted(trees, key=lambda tree: tree.path.split("/")):
        cached = settings.cache and is_below(settings.cache, tree.path)
        if tree.kind == "dir" and not cached and not any(is_below(top, tree.path) for top in tops):
            tops.append(tree.path)
    return tuple(tops)


def _copies(home: str) -> Iterator[tuple[str, str]]:
    for path in ("/etc/gitconfig", *(os.path.join(home, name) for name in _GIT_FILES)):
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read(_LARGEST_CONFIG)
        except OSError:
            continue
        yield path, without_credentials(text) if path.endswith("config") else text


def _is_foreign(root: str) -> bool:
    try:
        return os.stat(root).st_uid != os.geteuid()
    except OSError:
        return False


def _listings(masks: Iterable[Mask], trees: tuple[Tree, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields the names in every directory between a tree's top and a mask in it."""
    above: set[str] = set()
    for mask in masks:
        directory = os.path.dirname(mask.path)
        while any(is_below(tree.path, directory) for tree in trees):
            above.add(directory)
            directory = os.path.dirname(directory)
    for directory in sorted(above):
        try:
            yield directory, tuple(sorted(os.listdir(directory)))
        except OSError:
            yield directory, ()
