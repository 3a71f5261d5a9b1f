"""`git`: options, settings, subcommands and addresses with which it starts other programs.

Source: git(1), git-config(1), git-grep(1), git-rebase(1), git-clone(1), git-fetch(1), git-remote-ext(1),
git-filter-branch(1), git-difftool(1), git-archive(1), git-send-email(1).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
    "--gpg-sign": "",
}
_BY_COMMAND = {
    "rebase": ("-x", "--exec"),
    "difftool": ("-x", "--extcmd", "-t", "--tool"),
    "mergetool": ("-t", "--tool"),
    "archive": ("--exec", "--remote"),
    "fetch": ("--exec",),
    "pull": ("--exec",),
    "push": ("--exec",),
    "clone": ("-u", "-c", "--config"),
    "ls-remote": ("--exec",),
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
    "instaweb": ("-b", "--browser"),
    "help": ("-w", "--web"),
    "interpret-trailers": ("--trailer",),
    "fsmonitor--daemon": ("start",),
    "p4": ("--",),
    "bisect": ("run",),
    "submodule": ("foreach",),
    "config": ("-e", "--edit"),
    "update-index": ("--fsmonitor",),
    "hook": ("run",),
}
_SETTINGS = re.compile(
    r"alias\..*|core\.(?:pager|editor|sshcommand|hookspath|fsmonitor|gitproxy|askpass|alternaterefscommand|worktree|attributesfile)|"
    r"credential\..*helper|credential\.helper|diff\..*|difftool\..*|merge\..*\.driver|mergetool\..*|filter\..*|gpg\..*|gpg\.program|"
    r"include\.path|includeif\..*|init\.templatedir|pager\..*|protocol\..*|receive\..*|remote\..*\.(?:uploadpack|receivepack|vcs|proxy)|"
    r"sendemail\..*|sequence\.editor|submodule\..*\.update|uploadpack\..*|url\..*|browser\..*|man\..*|web\.browser|trailer\..*|"
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
    own = _BY_COMMAND.get(command, ())
    operands: list[str] = []
    for word in words[index + 1 :]:
        text = word.prefix
        if word.value == "--" and command != "p4":
            break
        name = text.partition("=")[0]
        long = next(
            (
                option
                for option in _ANYWHERE
                if name.startswith("--") and len(name) > 5 and option.startswith(name)
            ),
            None,
        )
        if long is not None and _ANYWHERE[long]:
            notes.append(f"`git {command} {long}` {_ANYWHERE[long]}")
        for option in own:
            short = len(option) == 2 and option[0] == "-"
            if (
                text == option
                or name == option
                or (short and text.startswith(option))
                or (option.startswith("--") and len(name) > 4 and option.startswith(name))
            ):
                notes.append(f"`git {command} {option}` starts a program")
        if not text.startswith("-"):
            operands.append(text)
    if command == "config" and operands and not _only_reads(words):
        setting = (
            operands[1] if operands[0] in ("set", "unset", "edit") and len(operands) > 1 else operands[0]
        )
        if _SETTINGS.fullmatch(setting) or not setting:
            notes.append(f"`git config {setting}` changes what git starts")


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
