"""Reads one command of a scenario. Nothing is run; a command that hides what it does is refused."""

import re
import shlex

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic

_NAMES = ("rd", "rundown")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_INPUT_FLAGS = ("--input-file", "--var-file")
_CLAIM_FLAG = "--claim-id"
_RUNBOOK = ".runbook.md"


class ScenarioCommand(Struct, frozen=True, kw_only=True):
    """A command of a scenario.

    `argv`: the words after `rd` or `rundown`; empty if the command is for the shell, which then gets
    `text`. `environment`: leading assignments. `must_fail`: it was written `! command`. `runbooks` and
    `input_files`: files that it names and that the scenario's workspace needs, as written.
    """

    text: str
    argv: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    must_fail: bool = False
    runbooks: tuple[str, ...] = ()
    input_files: tuple[str, ...] = ()

    @property
    def is_rundown(self) -> bool:
        """Whether rundown itself runs it, without a shell."""
        return bool(self.argv)


def read_command(text: str) -> ScenarioCommand | Diagnostic:
    """Returns the command in `text`, or why a scenario may not run it.

    A claim's flag and its value are dropped: they belong to a feature of other implementations.
    """
    must_fail = text.startswith("! ")
    body = text[2:].strip() if must_fail else text.strip()
    words = _words(body)
    if words is None:
        return _refused(body, "its quotes do not match", "close the quote")
    environment = _environment(words)
    rest = words[len(environment) :]
    if not rest or rest[0] not in _NAMES:
        return ScenarioCommand(text=body, must_fail=must_fail)
    if (operator := _operator(body)) is not None:
        return _refused(
            body,
            f"`{operator}` is for a shell, and `{rest[0]}` is run without one",
            "write each command as an entry of its own",
        )
    argv = _without_claims(rest[1:])
    inputs = _values_of(argv, _INPUT_FLAGS)
    runbooks = tuple(word for word in argv if word.endswith(_RUNBOOK) and not word.startswith("-"))
    for path in (*inputs, *runbooks):
        if path.startswith("/") or ".." in path.split("/"):
            return _refused(
                body, f"`{path}` lies outside the scenario's own folder", "name a file beside the runbook"
            )
    return ScenarioCommand(
        text=body,
        argv=argv or ("--help",),
        environment=environment,
        must_fail=must_fail,
        runbooks=runbooks,
        input_files=inputs,
    )


def _words(text: str) -> list[str] | None:
    try:
        return shlex.split(text)
    except ValueError:
        return None


def _environment(words: list[str]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for word in words:
        if not _ASSIGNMENT.match(word):
            break
        name, _, value = word.partition("=")
        found.append((name, value))
    return tuple(found)


def _operator(text: str) -> str | None:
    """Returns the first word outside quotes that only a shell understands."""
    lexer = shlex.shlex(text, posix=False, punctuation_chars=True)
    lexer.commenters = ""
    lexer.whitespace_split = True
    for token in lexer:
        if set(token) <= set("();<>|&"):
            return token
        if not token.startswith("'") and ("`" in token or "$(" in token):
            return "`" if "`" in token else "$("
    return None


def _without_claims(words: list[str]) -> tuple[str, ...]:
    kept: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word == _CLAIM_FLAG:
            skip = True
        elif not word.startswith(f"{_CLAIM_FLAG}="):
            kept.append(word)
    return tuple(kept)


def _values_of(words: tuple[str, ...], flags: tuple[str, ...]) -> tuple[str, ...]:
    after = [words[place + 1] for place, word in enumerate(words[:-1]) if word in flags]
    joined = [word.partition("=")[2] for word in words if any(word.startswith(f"{flag}=") for flag in flags)]
    return (*after, *joined)


def _refused(text: str, why: str, fix: str) -> Diagnostic:
    return Diagnostic(code="scenario/bad-command", message=f"`{text}` is refused", why=why, fix=fix)
