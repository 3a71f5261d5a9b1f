"""Words that are known only when a command runs, where an option of that program starts another one.

`tar xf "$f"` is what it seems; `tar "$f"` may be `tar --to-command=…`. Judged when the whole text was seen: a
value that the text itself gives, or that begins with a slash, is no option.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from rundown.shell.escapes import Escape, escapes
from rundown.shell.interpreters import unversioned
from rundown.shell.options import joined
from rundown.shell.tree import Word

if TYPE_CHECKING:
    from rundown.shell.walk import Walker

_STARTING = frozenset(["shell", "program", "starts", "code"])
_GIT_VALUES = {
    "archive": "o",
    "blame": "L",
    "cat-file": "",
    "clone": "bo",
    "daemon": "",
    "diff": "GSO",
    "diff-files": "GSO",
    "diff-index": "GSO",
    "diff-tree": "GSO",
    "difftool": "",
    "fetch": "",
    "fetch-pack": "",
    "filter-branch": "",
    "format-patch": "o",
    "grep": "ef",
    "instaweb": "",
    "log": "nGSL",
    "ls-remote": "",
    "mergetool": "",
    "p4": "",
    "pull": "sX",
    "push": "o",
    "rebase": "sX",
    "send-email": "",
    "send-pack": "",
    "show": "GS",
    "svn": "",
    "whatchanged": "nGSL",
}
"""Subcommands of `git` with options that start a program, and the letters of those that take an argument. Source:
their manual pages; the table of `rundown.shell.git`."""
_LONG_VALUES = frozenset(
    (  # noqa: SIM905
        "--author --branch --date --depth --message --file --directory --exclude --format --key --field-separator "
        "--target-directory --glob --type --max-count --context --user --host --port --dbname --output --name --tag "
        "--manifest-path --package --features --prefix --registry --since --until --jobs"
    ).split()
)


def hidden(walker: Walker, name: str, words: Sequence[Word]) -> None:
    """Notes a word that may turn out to be an option that starts a program."""
    rows = [] if name == "git" else _rows(name)
    if not rows and name != "git":
        return
    command = _git_command(words) if name == "git" else None
    if name == "git" and command not in _GIT_VALUES:
        return
    letters = _GIT_VALUES[command] if command is not None else "".join(row.arguments for row in rows)
    operands = " ".join(row.words for row in rows).split()
    risky = [
        word
        for index, word in enumerate(words)
        if index
        and word.value is None
        and not _is_value(words, index, letters)
        and _may_be(word, letters, operands)
    ]
    end = next((word.start for word in words if word.value in ("--", "--end-of-options")), None)
    if end is not None and not operands:
        risky = [word for word in risky if word.start < end]
    if risky:
        whole = joined(words)
        names = ", ".join(dict.fromkeys(word.raw for word in risky))
        sign = "--end-of-options" if name == "git" else "--"
        note = f"{names} may turn out to be an option with which `{name}` starts a program"
        note += "" if operands else f"; `{sign}` before it rules that out"
        walker.when(partial(_are_harmless, walker, tuple(risky), tuple(operands)), whole, whole.raw, note)


def _are_harmless(walker: Walker, words: tuple[Word, ...], operands: tuple[str, ...]) -> bool:
    values = walker.values
    return all(
        (values.undashed(word) or values.optionless(word))
        and not (operands and (word.prefix or values.may_begin(word, operands)))
        for word in words
    )


def _rows(name: str) -> list[Escape]:
    rows = escapes().get(name) or escapes().get(unversioned(name)) or ()
    return [row for row in rows if row.effect in _STARTING]


def _git_command(words: Sequence[Word]) -> str | None:
    """The subcommand, None if it is not literal (which is noted elsewhere)."""
    index = 1
    while index < len(words) and words[index].prefix.startswith("-"):
        index += 2 if words[index].value in ("-C", "-c", "--git-dir", "--work-tree", "--namespace") else 1
    return words[index].value if index < len(words) else None


def _is_value(words: Sequence[Word], index: int, letters: str) -> bool:
    """Whether the word surely is the argument of the option before it."""
    before = words[index - 1].value
    if before is None or words[index].splits:
        return False
    if before in _LONG_VALUES:
        return True
    if before in ("-C", "--git-dir", "--work-tree") and index == 2:
        return True
    return len(before) > 1 and before[0] == "-" and before[1] != "-" and _ends_in_value(before[1:], letters)


def _ends_in_value(cluster: str, letters: str) -> bool:
    return cluster[-1] in letters and not set(cluster[:-1]) & set(letters)


def _may_be(word: Word, letters: str, operands: list[str]) -> bool:
    """Whether the word's beginning leaves it open what option or operand it is."""
    prefix = word.prefix
    if word.splits or not prefix:
        return True
    if prefix[0] != "-":
        return any(start.startswith(prefix) for start in operands)
    if "=" in prefix:
        return False
    return prefix.startswith("--") or len(prefix) < 2 or prefix[1] not in letters
