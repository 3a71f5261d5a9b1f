"""What of a change to a repository's `.git/config` may stay: branches, remotes' addresses, who commits.

Git runs what the rest names (hooks, pagers, filters, aliases), so that goes back to how it was. Only the
plain form that git itself writes is understood; a text in any other form is no change that may stay. Pure.
Source: git-config(1), SYNTAX.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

_SECTION: Final = re.compile(r'\[([A-Za-z0-9.-]+)(?: "((?:[^"\\]|\\["\\])*)")?\]\s*')
_ENTRY: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*(?:=(.*))?")
_NOTHING: Final = re.compile(r"\s*(?:[#;].*)?")
_OF_A_NEW_REPOSITORY: Final = frozenset(
    {
        "repositoryformatversion",
        "filemode",
        "bare",
        "logallrefupdates",
        "ignorecase",
        "precomposeunicode",
        "symlinks",
    }
)


class _Line(Struct, frozen=True):
    """One line and what it stands in; `key` "" for a header, a comment or an empty line."""

    section: str
    sub: str | None
    key: str
    text: str

    @property
    def name(self) -> str:
        """As `git config` calls it."""
        return ".".join(part for part in (self.section, self.sub, self.key) if part)

    @property
    def may_change(self) -> bool:
        if self.section in ("branch", "user"):
            return True
        return self.section == "remote" and self.sub is not None and self.key == "url"


class Judged(Struct, frozen=True, kw_only=True):
    """`text`: what should stand there; `faults`: names of entries that were put back or taken out, sorted."""

    text: str
    faults: tuple[str, ...] = ()


def judge_git_config(before: str, after: str) -> Judged:
    """Returns `after` as it may stay. `before` is "" for a file that was not there."""
    if before == after:
        return Judged(text=after)
    old, new = _parse(before), _parse(after)
    if old is None or new is None:
        return Judged(text=before, faults=("the whole file, which is not as git writes it",))
    if not before and all(_is_of_a_new_repository(line) or line.may_change for line in _entries(new)):
        return Judged(text=after)
    kept, made = _fixed(old), _fixed(new)
    if kept == made:
        return Judged(text=after)
    faults = {name for name, _ in set(kept) ^ set(made)} or {name for name, _ in made}
    return Judged(text=_merge(old, new), faults=tuple(sorted(faults)))


def _parse(text: str) -> list[_Line] | None:
    """Returns the lines; None if one is not in the plain form."""
    lines: list[_Line] = []
    section, sub = "", None
    for line in text.splitlines():
        header = _SECTION.fullmatch(line)
        entry = _ENTRY.fullmatch(line)
        if header is not None:
            section, sub = header[1].lower(), header[2]
            lines.append(_Line(section, sub, "", line))
        elif entry is not None and section and not line.endswith("\\"):
            lines.append(_Line(section, sub, entry[1].lower(), line))
        elif _NOTHING.fullmatch(line):
            lines.append(_Line(section, sub, "", line))
        else:
            return None
    return lines


def _entries(lines: list[_Line]) -> Iterator[_Line]:
    return (line for line in lines if line.key)


def _fixed(lines: list[_Line]) -> list[tuple[str, str]]:
    """Returns name and text of what may not change, in order."""
    return [(line.name, line.text.strip()) for line in _entries(lines) if not line.may_change]


def _is_of_a_new_repository(line: _Line) -> bool:
    return line.section == "core" and line.sub is None and line.key in _OF_A_NEW_REPOSITORY


def _merge(old: list[_Line], new: list[_Line]) -> str:
    """Returns the old lines that may not change, then the new ones that may, each under its header."""
    texts = [line.text for line in old if not (line.may_change and (line.key or line.section != "remote"))]
    under: tuple[str, str | None] | None = None
    for line in _entries(new):
        if line.may_change:
            if under != (line.section, line.sub):
                under = (line.section, line.sub)
                texts.append(f"[{line.section}]" if line.sub is None else f'[{line.section} "{line.sub}"]')
            texts.append(line.text)
    return "".join(f"{text}\n" for text in texts)
