"""One transition line: `PASS ALL: RETRY 2 GOTO 3.1 AT {{Index}}`, both dialects.

Reads the text of a bullet only; whether the action is legal where it stands is decided in `settle`,
whether a target exists in `targets`.
"""

import difflib
import re
from typing import Literal

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import (
    Action,
    Break,
    Complete,
    Continue,
    Defer,
    Goto,
    Handler,
    Next,
    Outcome,
    Stop,
    Target,
)
from rundown.syntax.codes import RESERVED, Code
from rundown.syntax.source import part

Mark = Literal["all", "any"]

_HEAD = re.compile(
    r"(?P<side>PASS|YES|FAIL|NO)(?![A-Za-z0-9_])\s*(?P<colon>->|[:→-])?\s*"
    r"(?:(?P<mark>ALL|ANY)(?![A-Za-z0-9_])\s*(?P<colon2>->|[:→-])?\s*)?"
)
_TOKEN = re.compile(r'"[^"]*"|\{\{[^{}]*\}\}|[^\s"]+|"')
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TARGET = re.compile(r"([0-9]{1,9}|[A-Za-z_][A-Za-z0-9_]*)(?:\.([0-9]{1,9}|[A-Za-z_][A-Za-z0-9_]*))?")
_DYNAMIC = re.compile(r"(?:\w+\.)?\{(?!\{)[^{}]*\}(?:\.\w+)?")
_INDEX_NAME = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_ACTIONS = ("CONTINUE", "STOP", "COMPLETE", "GOTO", "RETRY", "DEFER", "NEXT", "BREAK")
MAX_RETRY = 1_000_000


class Line(Struct, frozen=True, kw_only=True):
    """A transition as written: which outcomes, which mark, what to do. `colon`, `short`: older forms."""

    outcomes: tuple[Outcome, ...]
    handler: Handler
    mark: Mark | None = None
    colon: bool = False
    short: bool = False


class _Problem(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def is_transition(text: str) -> bool:
    """Tells whether a bullet of this text is a transition: it begins with a side's word, or is DEFER."""
    return text.strip() == "DEFER" or _HEAD.match(text) is not None


def parse_transition(text: str, span: Span) -> Line | Diagnostic:
    """Returns the transition in `text` (one line, for which `is_transition` holds), or what is wrong.

    `span` is the place of `text`; the diagnostic points at the word in it.
    """
    if text.strip() == "DEFER":
        both = (Outcome.PASS, Outcome.FAIL)
        return Line(outcomes=both, handler=Handler(action=Defer(), span=span))
    head = _HEAD.match(text)
    assert head is not None, text
    words = _Words(text, span, head.end())
    try:
        action, retry, short = _handler(words)
        words.end(text)
    except _Problem as problem:
        return problem.diagnostic
    outcome = Outcome.PASS if head["side"] in ("PASS", "YES") else Outcome.FAIL
    mark: Mark | None = None
    if head["mark"]:
        mark = "all" if head["mark"] == "ALL" else "any"
    return Line(
        outcomes=(outcome,),
        handler=Handler(action=action, retry=retry, span=span),
        mark=mark,
        colon=bool(head["colon"] or head["colon2"]),
        short=short,
    )


class _Words:
    """The words behind the head, with their places."""

    def __init__(self, text: str, span: Span, start: int) -> None:
        self._words = [(found[0], found.start()) for found in _TOKEN.finditer(text, start)]
        self._span = span
        self._at = 0
        self._last = (text, 0)

    def peek(self) -> str | None:
        return self._words[self._at][0] if self._at < len(self._words) else None

    def take(self) -> str:
        self._last = self._words[self._at]
        self._at += 1
        return self._last[0]

    def left(self) -> int:
        return len(self._words) - self._at

    def end(self, text: str) -> None:
        if (word := self.peek()) is not None:
            before = self._last[0]
            self.take()
            raise self.problem(
                Code.BAD_ACTION,
                f"`{word}` after `{before}`",
                why="a transition ends with its action; a typo must not turn into text",
                fix=f"remove `{text[self._last[1] :]}`, or put it as text below the bullets",
            )

    def problem(self, code: Code, message: str, *, fix: str, why: str = "") -> _Problem:
        """Returns a problem at the word taken last."""
        word, offset = self._last
        return _Problem(code.at(part(self._span, offset, len(word)), message, fix=fix, why=why))


def _handler(words: _Words) -> tuple[Action, int, bool]:
    """Returns action, retries, and whether RETRY is in its short form."""
    if words.peek() != "RETRY":
        return _action(words), 0, False
    words.take()
    count, short = 1, True
    word = words.peek()
    if word is not None and word.isascii() and word.isdigit():
        words.take()
        count, short = int(word) if len(word) < 9 else MAX_RETRY + 1, False
        if not 1 <= count <= MAX_RETRY:
            raise words.problem(
                Code.BAD_RETRY,
                f"RETRY {word}",
                why=f"the number says how often the step is done again: 1 to {MAX_RETRY}",
                fix="write `RETRY 1 STOP`, or leave RETRY out",
            )
    follower = words.peek()
    if follower is None:
        return Stop(), count, True
    if follower == "RETRY":
        words.take()
        raise words.problem(
            Code.BAD_RETRY,
            "a RETRY inside a RETRY",
            fix=f"write one number and then an action: `RETRY {count} STOP`",
        )
    if follower.startswith('"') or (_WORD.fullmatch(follower) and follower not in RESERVED):
        if _closest(follower, 0.75):
            raise _unknown(words, words.take())
        return Stop(message=_message(words)), count, True
    return _action(words), count, short


def _action(words: _Words) -> Action:
    if words.peek() is None:
        raise words.problem(
            Code.BAD_ACTION,
            "no action",
            why="a bullet that begins with PASS, FAIL, YES or NO is a transition",
            fix="add what to do: CONTINUE, STOP, COMPLETE, GOTO, RETRY; or begin with another word",
        )
    word = words.take()
    simple: dict[str, Action] = {"CONTINUE": Continue(), "DEFER": Defer(), "NEXT": Next(), "BREAK": Break()}
    if word in simple:
        return simple[word]
    if word == "STOP":
        return Stop(message=_message(words) if words.peek() is not None else None)
    if word == "COMPLETE":
        return Complete(message=_message(words) if words.peek() is not None else None)
    if word == "GOTO":
        return _goto(words)
    raise _unknown(words, word)


def _unknown(words: _Words, word: str) -> _Problem:
    if word == "DELEGATE":
        return words.problem(
            Code.UNSUPPORTED_DIRECTIVE,
            "DELEGATE is not supported",
            fix="let an agent do the step: a block that opens with ```agent",
        )
    close = _closest(word.strip(".,;:!"), 0.6)
    return words.problem(
        Code.BAD_ACTION,
        f"`{word}` is no action",
        why="a bullet that begins with PASS, FAIL, YES or NO is a transition",
        fix=f"did you mean {close}?" if close else f"write one of {', '.join(_ACTIONS)}",
    )


def _closest(word: str, cutoff: float) -> str | None:
    """Returns the action that `word` is most like; None for words far longer than any."""
    close = difflib.get_close_matches(word.upper(), _ACTIONS, n=1, cutoff=cutoff) if len(word) < 20 else []
    return close[0] if close else None


def _message(words: _Words) -> str:
    word = words.take()
    if len(word) >= 2 and word[0] == word[-1] == '"':
        return word[1:-1]
    if word in RESERVED:
        raise words.problem(
            Code.BAD_MESSAGE, f"`{word}` is a reserved word", fix=f'put the message in quotes: `"{word}"`'
        )
    if not _WORD.fullmatch(word) or words.left():
        rest = [word]
        while words.left():
            rest.append(words.take())
        text = " ".join(rest).replace('"', "").replace("“", "").replace("”", "")
        raise words.problem(
            Code.BAD_MESSAGE,
            "a message of more than one plain word",
            why="without quotes a message is one word of letters, digits and _",
            fix=f'put it in quotes: `"{text}"`',
        )
    return word


def _goto(words: _Words) -> Goto:
    if words.peek() is None:
        raise words.problem(
            Code.BAD_ACTION, "GOTO without a target", fix="name a step: `GOTO 3` or `GOTO 3.1`"
        )
    word = words.take()
    if _DYNAMIC.fullmatch(word):
        raise words.problem(
            Code.DYNAMIC_STEP,
            f"`{word}`: there are no dynamic steps",
            fix="name the step and the iteration: `GOTO 3 AT {{Index}}`",
        )
    match = _TARGET.fullmatch(word)
    if match is None or match[1] in RESERVED or match[2] in RESERVED:
        hint = (
            "NEXT is an action of its own: `PASS NEXT`"
            if word == "NEXT"
            else "name a step: `GOTO 3`, `GOTO 3.1`"
        )
        raise words.problem(Code.UNKNOWN_TARGET, f"`{word}` cannot be a target", fix=hint)
    step, substep = (_plain(text) if text else None for text in match.groups())
    target = Target(step=step or "", substep=substep)
    if words.peek() != "AT":
        return Goto(target=target)
    words.take()
    return Goto(target=target, at=_index(words))


def _index(words: _Words) -> int | str:
    word = words.take() if words.peek() is not None else ""
    name = _INDEX_NAME.fullmatch(word)
    if name is not None:
        return name[1]
    if word.isascii() and word.isdigit() and len(word) < 9 and int(word) > 0:
        return int(word)
    raise words.problem(
        Code.BAD_AT,
        f"`AT {word}`".rstrip("` ") + "` is no iteration",
        why="iterations are counted from 1",
        fix="write a number or a name in braces: `AT 2`, `AT {{Index}}`",
    )


def _plain(word: str) -> str:
    return str(int(word)) if word.isdigit() else word
