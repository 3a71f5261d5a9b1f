"""Landlock rules of a plan: what each opened path grants. Pure.

Beside the mount view they are the second wall. Alone they are the only one: then a deny inside an opened
tree is enforced by granting the denied path's siblings instead of the tree.
"""

import posixpath
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from rundown.model.sandbox import LandlockRule, Survey, Tree
from rundown.sandbox.layout import DEVICES, home_of
from rundown.sandbox.patterns import is_below
from rundown.sandbox.settings import LaunchSettings

_SHARED: Final = ("/proc", "/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf")


class RulesAlone(Struct, frozen=True, kw_only=True):
    """Rules where there is no mount view. `narrowed`: directories of writable trees in which nothing can be
    created, as a name in or below them may not be written."""

    rules: tuple[LandlockRule, ...]
    narrowed: tuple[str, ...]


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

    A grant on a directory holds for names that come later: what surrounds a denied path is granted name by
    name, and what is not granted cannot be created in.
    """
    rules: list[LandlockRule] = []
    narrowed: list[str] = []
    for tree in survey.trees:
        around = _Around(survey, tree, records=f"{settings.view.root}/.rundown")
        rules += around.rules(tree.path, write=tree.write)
        narrowed += around.above if tree.write else ()
    if settings.host_tmp is not None:
        rules.append(LandlockRule(path=settings.host_tmp, write=True, execute=True))
    rules += [LandlockRule(path=path) for path in _SHARED]
    rules += _devices(terminal=settings.pty)
    return RulesAlone(rules=tuple(rules), narrowed=tuple(dict.fromkeys(narrowed)))


def _devices(terminal: bool) -> Iterator[LandlockRule]:
    for name in DEVICES:
        yield LandlockRule(path=f"/dev/{name}", write=True, ioctl_device=name == "tty" and terminal)


class _Around:
    """Grants for everything in a tree but what is denied there, by granting siblings. `above`: directories
    that are not granted as a whole. `records`: where rundown's own hidden files lie, whose names are no
    secret: a project that could not be listed for them would be of no use."""

    def __init__(self, survey: Survey, tree: Tree, *, records: str) -> None:
        masks = [mask for mask in survey.masks if is_below(tree.path, mask.path)]
        self._hidden = {
            mask.path: mask.kind == "file" or is_below(records, mask.path)
            for mask in masks
            if mask.action == "hide"
        }
        self._pinned = {mask.path for mask in masks if mask.action == "pin"}
        self._listings = dict(survey.listings)
        self.above: list[str] = []

    def rules(self, top: str, *, write: bool) -> Iterator[LandlockRule]:
        """Yields those at and below `top`. A directory above a hidden one cannot even be listed: that would
        list the hidden one as well."""
        pending = [top]
        while pending:
            path = pending.pop()
            hidden = [listable for other, listable in self._hidden.items() if is_below(path, other)]
            if path in self._hidden:
                continue
            if write and path in self._pinned:
                yield from self.rules(path, write=False)
            elif not hidden and not (write and any(is_below(path, other) for other in self._pinned)):
                yield LandlockRule(path=path, write=write, execute=True)
            else:
                self.above.append(path)
                if all(hidden):
                    yield LandlockRule(path=path, list_only=True)
                pending += [posixpath.join(path, name) for name in self._listings.get(path, ())]
