"""`git`: options, settings, subcommands and addresses with which it starts other programs.

Source: git(1), git-config(1), git-grep(1), git-rebase(1), git-clone(1), git-fetch(1), git-remote-ext(1),
git-filter-branch(1), git-difftool(1), git-archive(1), git-send-email(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rundown.shell.finding import Found
from rundown.shell.tree import Word

if TYPE_CHECKING:
    from rundown.shell.walk import Walker

_TAKES_VALUE = frozenset(
    [
        "-C",
        "-c",
        "--git-dir",
        "--work-tree",
        "--namespace",
        "--super-prefix",
        "--config-env",
        "--exec-path",
        "--attr-source",
    ]
)
_GLOBAL = {
    "-c": "sets a setting for this call, and many settings name programs",
    "--config-env": "sets a setting from a variable",
    "--exec-path": "takes git's own programs from elsewhere",
    "-p": "starts a pager",
    "--paginate": "starts a pager",
}
_ANYWHERE = {
    "--upload-pack": "starts a program",
    "--receive-pack": "starts a program",
    "--ext-diff": "starts a program",
    "--textconv": "starts a program",
    "--open-files-in-pager": "starts a program",
    "--template": "brings hooks along",
    "--sendmail-cmd": "starts a program",
    "--to-cmd": "starts a program",
    "--cc-cmd": "starts a program",
    "--header-cmd": "starts a program",
    "--exec": "starts a program",
    "--output": "writes a file",
}
_OTHERS = frozenset(["--text", "--to", "--cc"])
"""Options of their own that begin like one of those."""
_ALWAYS = {
    "instaweb": "starts a web server and a browser",
    "web--browse": "starts a browser",
    "remote-ext": "starts a program",
    "remote-fd": "talks to whoever holds a descriptor",
    "merge-index": "starts a program",
    "shell": "starts programs of a directory",
    "imap-send": "starts the program that `imap.tunnel` names",
}
_BY_COMMAND = {
    "rebase": ("-x",),
    "difftool": ("-x", "--extcmd", "-t", "--tool"),
    "mergetool": ("-t", "--tool"),
    "archive": ("--remote",),
    "clone": ("-u", "-c", "--config"),
    "grep": ("-O",),
    "filter-branch": (
        "--tree-filter",
        "--env-filter",
        "--index-filter",
        "--msg-filter",
        "--commit-filter",
        "--parent-filter",
        "--tag-name-filter",
        "--setup",
        "--subdirectory-filter",
    ),
    "send-email": ("--smtp-server",),
    "daemon": ("--access-hook",),
    "svn": ("--authors-prog",),
    "help": ("-w", "--web"),
    "interpret-trailers": ("--trailer",),
    "fsmonitor--daemon": ("start",),
    "p4": ("--",),
    "bisect": ("run", "view", "visualize"),
    "maintenance": ("start",),
    "filter-repo": (
        "--blob-callback",
        "--commit-callback",
        "--email-callback",
        "--file-info-callback",
        "--filename-callback",
        "--message-callback",
        "--name-callback",
        "--refname-callback",
        "--reset-callback",
        "--tag-callback",
    ),
    "submodule": ("foreach",),
    "config": ("-e", "--edit"),
    "update-index": ("--fsmonitor",),
    "hook": ("run",),
}
_VALUED = {
    "clone": "bocuj",
    "config": "f",
    "difftool": "SGUlOCMBtx",
    "grep": "efABCmO",
    "mergetool": "tO",
    "rebase": "sXCx",
}
"""Letters of short options that take an argument: what stands behind one in a cluster is no option."""
_CONFIG_VALUED = frozenset(["-f", "--file", "--blob", "--type", "--default", "--value", "--comment", "--url"])
_SETTINGS = re.compile(
    r"alias\..*|core\.(?:pager|editor|sshcommand|hookspath|fsmonitor|gitproxy|askpass|alternaterefscommand|worktree|attributesfile)|"
    r"credential\..*helper|credential\.helper|diff\..*|difftool\..*|merge\..*\.driver|mergetool\..*|filter\..*|gpg\..*|gpg\.program|"
    r"include\.path|includeif\..*|init\.templatedir|pager\..*|protocol\..*|receive\..*|remote\..*\.(?:uploadpack|receivepack|vcs|proxy)|"
    r"sendemail\..*|sequence\.editor|submodule\..*\.update|uploadpack\..*|url\..*|browser\..*|man\..*|web\.browser|trailer\..*|"
    r"gc\.recentobjectshook|hook\..*|imap\..*|instaweb\..*|lfs\..*|merge\.(?:gui)?tool|svn\..*|safe\..*|pack\..*hook|"
    r"interactive\.difffilter|tar\..*|http\..*proxy.*|core\.virtualfilesystem|guitool\..*|blame\..*",
    re.IGNORECASE,
)


def git(walker: Walker, words: Sequence[Word]) -> Found | None:
    """Returns the kind and reason if these words make git start a program that git does not start by itself."""
    notes: list[str] = []
    index = 1
    while index < len(words) and words[index].prefix.startswith("-"):
        name = words[index].prefix.partition("=")[0]
        known = next(
            (
                option
                for option in _GLOBAL
                if name == option
                or (option.startswith("--") and name.startswith("--exec") and option == "--exec-path")
            ),
            None,
        )
        if known is not None and not (known == "--exec-path" and words[index].value == "--exec-path"):
            notes.append(f"`git {known}` {_GLOBAL[known]}")
        if words[index].value is None and words[index].splits:
            notes.append("options of `git` that are only known at run time")
        index += 2 if words[index].value in _TAKES_VALUE and words[index].value != "--exec-path" else 1
    if index < len(words):
        _subcommand(words, index, notes)
    notes.extend(
        f"`git` may start a program for the address `{word.raw[:40]}`"
        for word in words[1:]
        if re.match(r"ext::|fd::|.*--upload-pack", word.prefix) and "--upload-pack" not in " ".join(notes)
    )
    notes = [note for note in dict.fromkeys(notes) if note]
    return ("escape", "; ".join(notes)) if notes else None


def _subcommand(words: Sequence[Word], index: int, notes: list[str]) -> None:
    command = words[index].value
    if command is None:
        notes.append("its subcommand is only known at run time: it may be an alias that starts a program")
        return
    if command in _ALWAYS:
        notes.append(f"`git {command}` {_ALWAYS[command]}")
    own = _BY_COMMAND.get(command, ())
    for word in words[index + 1 :]:
        if word.value == "--" and command != "p4":
            break
        notes.extend(_option_notes(command, own, word.prefix))
    if command == "config" and not _only_reads(words):
        notes.extend(_setting_notes(words[index + 1 :]))


def _option_notes(command: str, own: tuple[str, ...], text: str) -> Iterator[str]:
    name = text.partition("=")[0]
    for option, does in _ANYWHERE.items():
        abbreviated = name.startswith("--") and len(name) > 3 and option.startswith(name)
        if abbreviated and name not in _OTHERS and (option, command) != ("--output", "archive"):
            yield f"`git {command} {option}` {does}"
            break
    letters = "".join(_cluster(text, _VALUED.get(command, "")))
    for option in own:
        short = len(option) == 2 and option[0] == "-"
        abbreviated = option.startswith("--") and len(name) > 4 and option.startswith(name)
        if name == option or text == option or (short and option[1] in letters) or abbreviated:
            yield f"`git {command} {option}` starts a program"


def _cluster(text: str, valued: str) -> Iterator[str]:
    """The short options of a word, up to the first that takes the rest of it."""
    for letter in text[1:] if text.startswith("-") and not text.startswith("--") else "":
        yield letter
        if letter in valued:
            return


def _setting_notes(words: Sequence[Word]) -> Iterator[str]:
    """What `git config` sets, if that names programs."""
    operands = [
        word.prefix
        for before, word in zip((None, *words), words, strict=False)
        if not word.prefix.startswith("-") and (before is None or before.value not in _CONFIG_VALUED)
    ]
    renames = any(word.value in ("rename-section", "--rename-section") for word in words)
    if operands[:1] in (["set"], ["unset"], ["edit"]):
        operands = operands[1:] or operands
    if renames or (operands and (_SETTINGS.fullmatch(operands[0]) or not operands[0])):
        yield f"`git config {' '.join(operands[:1])}` changes what git starts"


def _only_reads(words: Sequence[Word]) -> bool:
    values = {word.value for word in words}
    return bool(
        values
        & {
            "--get",
            "--get-all",
            "--get-regexp",
            "--list",
            "-l",
            "get",
            "list",
            "--get-urlmatch",
            "--unset",
            "--unset-all",
        }
    )
