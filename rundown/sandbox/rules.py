"""Landlock rules of a plan: what each opened path grants. Pure.

Beside the mount view they are the second wall. Alone they are the only one: then a deny inside an opened
tree is enforced by granting the denied path's siblings instead of the tree.
"""

import posixpath
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from rundown.model.sandbox import LandlockRule, Survey, Tree
from rundown.sandbox.layout import DEVICES, home_of
from rundown.sandbox.patterns import is_below
from rundown.sandbox.settings import LaunchSettings

_SHARED: Final = ("/proc", "/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf")


class RulesAlone(Struct, frozen=True, kw_only=True):
    """Rules where there is no mount view, and the denied paths that they cannot enforce."""

    rules: tuple[LandlockRule, ...]
    unenforced: tuple[str, ...]


class Rules(Struct, frozen=True, kw_only=True):
    """Rules in order; the first `base` of them are the same for every step of a run."""

    rules: tuple[LandlockRule, ...]
    base: int


def plan_rules(survey: Survey, settings: LaunchSettings, programs: tuple[str, ...] | None) -> Rules:
    """Returns the rules inside a mount view.

    `programs`: what alone may be executed; None: whatever can be read. Names may be listed everywhere:
    the view holds nothing but what is opened.
    """
    free = programs is None
    own = dict.fromkeys((settings.view.tmp, home_of(settings)))  # /var/tmp is the same directory
    system = [tree for tree in survey.trees if tree.origin == "system"]
    base = (
        LandlockRule(path="/", list_only=True),
        LandlockRule(path="/etc"),
        *(LandlockRule(path=tree.path, execute=free) for tree in system if not is_below("/etc", tree.path)),
        *(LandlockRule(path=path, write=True, execute=free) for path in own),
        LandlockRule(path="/proc", write=True),
        LandlockRule(path="/dev", write=True, ioctl_device=True),
    )
    opened = (
        LandlockRule(path=tree.path, write=tree.write, execute=free)
        for tree in survey.trees
        if tree.origin != "system"
    )
    # Programs may be reached through absolute symlinks: those lead right only once the view is the root.
    executed = (LandlockRule(path=path, execute=True) for path in programs or ())
    return Rules(rules=(*base, LandlockRule(path="/run"), *opened, *executed), base=len(base))


def plan_rules_alone(survey: Survey, settings: LaunchSettings) -> RulesAlone:
    """Returns the rules where there is no mount view.

    What cannot be enforced are denies in trees that are open for writing: a grant on a directory holds
    for names that come later, and what is not granted cannot be created in.
    """
    rules: list[LandlockRule] = []
    unenforced: list[str] = []
    for tree in survey.trees:
        masks = [mask for mask in survey.masks if is_below(tree.path, mask.path)]
        if tree.write:
            unenforced += [mask.path for mask in masks]
            rules.append(LandlockRule(path=tree.path, write=True, execute=True))
        else:
            hidden = {mask.path: mask.kind for mask in masks if mask.action == "hide"}
            rules += _around(tree, hidden, dict(survey.listings))
    if settings.host_tmp is not None:
        rules.append(LandlockRule(path=settings.host_tmp, write=True, execute=True))
    rules += [LandlockRule(path=path) for path in _SHARED]
    rules += _devices(terminal=settings.pty)
    return RulesAlone(rules=tuple(rules), unenforced=tuple(dict.fromkeys(unenforced)))


def _devices(terminal: bool) -> Iterator[LandlockRule]:
    for name in DEVICES:
        yield LandlockRule(path=f"/dev/{name}", write=True, ioctl_device=name == "tty" and terminal)


def _around(
    tree: Tree, hidden: Mapping[str, str], listings: Mapping[str, tuple[str, ...]]
) -> Iterator[LandlockRule]:
    """Yields grants for everything in a tree but what is hidden, by granting siblings.

    A directory above a hidden one cannot even be listed: that would list the hidden one as well.
    """
    pending = [tree.path]
    while pending:
        path = pending.pop()
        below = [other for other in hidden if is_below(path, other)]
        if not below:
            yield LandlockRule(path=path, execute=True)
        elif path not in hidden:
            if all(hidden[other] == "file" for other in below):
                yield LandlockRule(path=path, list_only=True)
            pending += [posixpath.join(path, name) for name in listings.get(path, ())]
