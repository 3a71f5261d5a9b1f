"""`find` and `parallel`: wrappers with a grammar of their own.

Source: find(1) ACTIONS, EXPRESSION; parallel(1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rundown.model.request import Capability, OperationKind
from rundown.shell.options import grammar, joined, read_options, unknown
from rundown.shell.tree import Word

if TYPE_CHECKING:
    from rundown.shell.walk import Walker

Found = tuple[OperationKind, str]

_STARTS = frozenset(["-exec", "-execdir", "-ok", "-okdir"])
_WRITES = frozenset(["-fprint", "-fprint0", "-fprintf", "-fls"])
_OPERATORS = frozenset(["(", ")", "!", ",", "-a", "-and", "-o", "-or", "-not"])
_NO_ARGUMENT = frozenset(
    [
        "-daystart",
        "-depth",
        "-d",
        "-follow",
        "-help",
        "-ignore_readdir_race",
        "-mount",
        "-noignore_readdir_race",
        "-noleaf",
        "-nowarn",
        "-version",
        "-warn",
        "-xdev",
        "-delete",
        "-print",
        "-print0",
        "-ls",
        "-prune",
        "-quit",
        "-empty",
        "-executable",
        "-readable",
        "-writable",
        "-nogroup",
        "-nouser",
        "-true",
        "-false",
        "-X",
        "-E",
        "-x",
        "-s",
    ]
)
_LEADING = frozenset(["-H", "-L", "-P", "-O0", "-O1", "-O2", "-O3"])
_PARALLEL = grammar(
    "0ikmqtuvXj:P:a:I:L:l:N:n:S:d:D:E:s:U:C:",
    "jobs= max-procs= arg-file= bar progress eta keep-order dry-run null halt= joblog= results= retries= timeout= delay= pipe "
    "group ungroup line-buffer tag quote verbose will-cite no-notice xargs max-args= max-replace-args= colsep= delimiter= "
    "header= load= nice= noswap no-run-if-empty semaphore sshlogin= tmpdir= workdir= env= files linebuffer shuf trim= version "
    "help citation gnu resume resume-failed block= recstart= recend= round-robin spreadstdin cat fifo link",
)


def find(walker: Walker, words: Sequence[Word]) -> Found | None:
    """Notes what `find` starts, writes and removes."""
    kind: OperationKind = "literal"
    notes: list[str] = []
    index = _after_paths(walker, words)
    while index < len(words):
        word = words[index]
        text = word.value
        if text is None:
            walker.ledger.dynamic(words, "what `find` does is only known at run time")
            return "wrapper", ""
        if text in _STARTS:
            stop = _end_of_command(words, index + 1)
            inner = [
                unknown(part) if part.value is None or "{}" in part.value else part
                for part in words[index + 1 : stop]
            ]
            if inner:
                where = walker.ledger.where
                if text in ("-execdir", "-okdir"):
                    walker.ledger.where = None
                walker.program(inner, f"started by find {text}")
                walker.ledger.where = where
            kind = max(kind, "wrapper", key=("literal", "wrapper", "escape").index)
            index = stop + 1
            continue
        if text == "-delete":
            kind = "escape"
            notes.append("`find -delete` removes what it finds")
        elif text in _WRITES and index + 1 < len(words):
            kind = "escape"
            notes.append(f"`find {text}` writes a file")
            target = words[index + 1]
            if target.value:
                walker.ledger.touch(Capability.WRITE, target.value, target, f"written by find {text}")
        takes = text.startswith("-") and text not in _NO_ARGUMENT and text not in _OPERATORS
        index += 2 if takes or text == "-fprintf" else 1
        if text == "-fprintf":
            index += 1
    return (kind, "; ".join(notes)) if kind != "literal" else None


def _after_paths(walker: Walker, words: Sequence[Word]) -> int:
    """The index of the expression. Expansions side by side, one that splits, or one with a word behind it where a
    command's end follows, may turn out to be a part of it."""
    index = 1
    while index < len(words) and (words[index].value in _LEADING or words[index].value == "-D"):
        index += 2 if words[index].value == "-D" else 1
    uncertain = 0
    started = len(words)
    while index < len(words):
        word = words[index]
        if word.value is not None and (
            (word.value.startswith("-") and len(word.value) > 1) or word.value in ("(", "!", ")", ",")
        ):
            break
        if not word.value and (word.prefix[:1] in ("", "-")):
            uncertain += 3 if word.splits and word.inner else 1
            started = min(started, index)
        index += 1
    ended = any(word.value in (";", "+") for word in words[started:])
    if uncertain > 2 or (ended and started < index - 1):
        note = "a path of `find` may turn out to be `-exec`"
        risky = [word for word in words[1:index] if word.value is None]
        walker.when(
            lambda: all(walker.values.optionless(word) for word in risky),
            joined(words),
            joined(words).raw,
            note,
        )
    return index


def _end_of_command(words: Sequence[Word], start: int) -> int:
    for index in range(start, len(words)):
        if words[index].value == ";" or (
            words[index].value == "+" and index > start and words[index - 1].value == "{}"
        ):
            return index
    return len(words)


def parallel(walker: Walker, words: Sequence[Word]) -> Found | None:
    """Notes what `parallel` starts: its words are shell text, with more to come; without any its input is."""
    line = read_options(words, _PARALLEL)
    if line.uncertain is not None:
        walker.ledger.dynamic(words, "what `parallel` starts is only known at run time")
        return "wrapper", ""
    rest = list(words[line.first :])
    stop = next((index for index, word in enumerate(rest) if (word.value or "").startswith(":::")), len(rest))
    command = rest[:stop]
    if not command or any(word.value is None for word in command):
        walker.ledger.dynamic(words, "what `parallel` starts is only known at run time")
        return "wrapper", ""
    text = " ".join(word.value or "" for word in command)
    text = text.replace("{}", '"$item"') if "{" in text else f'{text} "$item"'
    if "{" in text:
        walker.ledger.dynamic(words, "what `parallel` starts is only known at run time")
    else:
        walker.child(text, joined(command), "bash", "started by parallel")
    return "wrapper", ""
