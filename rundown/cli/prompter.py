"""Asks a person on the controlling terminal. Enter, EOF, Ctrl-C and a closed terminal all mean no.

Drawn with questionary; the terminal is opened by name, so that a pipe on standard input is no matter.
"""

import os
import re
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Literal, TypeVar

from msgspec import Struct

from rundown.cli.outlook import describe_foreseen, render_outlook
from rundown.cli.signals import TerminatedError
from rundown.model.policy import Ruling
from rundown.model.runbook import Input
from rundown.render.escape import visible
from rundown.render.question import QuestionText, describe_ask, render_question, render_text
from rundown.render.style import Style
from rundown.session.ports import Answer, Choice, Foreseen, Question, Report

_T = TypeVar("_T")
_Kind = Literal["pass", "fail", "again", "later"]
_TTY = "/dev/tty"
_WHOLE_BYTES = 10 * 1024
_KEYS = {
    Choice.ONCE: "y",
    Choice.SESSION: "s",
    Choice.TYPE_SESSION: "a",
    Choice.ALWAYS_ME: "p",
    Choice.ALWAYS_PROJECT: "P",
    Choice.DENY: "n",
    Choice.DENY_TYPE: "d",
}


class _Other(Struct, frozen=True):
    """A choice that leads back to the question."""

    name: str


_VIEW, _EDIT, _WHY, _SINGLY = _Other("view"), _Other("edit"), _Other("why"), _Other("singly")


class TerminalPrompter:
    """The prompter of a person at a terminal."""

    def __init__(self, style: Style, *, present: bool) -> None:
        self._style = style
        self._present = present

    def can_ask(self) -> bool:
        """Whether a person may be asked in this invocation."""
        return self._present

    @contextmanager
    def _terminal(self) -> Iterator["_Terminal | None"]:
        with _open_terminal() if self._present else nullcontext() as tty:
            yield tty

    def permit(self, question: Question) -> tuple[Answer, ...]:
        """Shows the question whole, then asks; all asks together, or singly if the person wants."""
        with self._terminal() as tty:
            if tty is None:
                return tuple(Answer(choice=Choice.DENY) for _ in question.asks)
            return _Dialogue(question, self._style, tty).run()

    def preflight(self, questions: tuple[Foreseen, ...], denials: tuple[Foreseen, ...]) -> tuple[bool, ...]:
        """Asks about all steps together, before the first."""
        nothing = tuple(False for _ in questions)
        with self._terminal() as tty:
            if tty is None:
                return nothing
            tty.write("\n" + render_outlook(questions, denials, self._style))
            choices = [
                ("n", "nothing now: ask me at each step", "later"),
                ("a", "allow these for this run", "all"),
                ("r", "review one by one", "singly"),
            ]
            chosen = _select(tty, "Allow before it starts?", choices, default="later")
            if chosen == "all":
                return tuple(True for _ in questions)
            if chosen != "singly":
                return nothing
            yes_no = [("n", "ask me at the step", False), ("y", "allow for this run", True)]
            total = len(questions)
            return tuple(
                _select(tty, f"{place} of {total}: {describe_foreseen(item)}", yes_no, default=False) is True
                for place, item in enumerate(questions, 1)
            )

    def report(self, title: str) -> Report:
        """Asks how a unit went that a person does."""
        with self._terminal() as tty:
            if tty is None:
                return Report(kind="later")
            choices: list[tuple[str, str, _Kind]] = [
                ("p", "pass: it is done and went well", "pass"),
                ("f", "fail: it went wrong", "fail"),
                ("l", "later: leave the run waiting", "later"),
            ]
            kind = _select(tty, f"How did it go?  {title}", choices, default="later")
        return Report(kind=kind or "later")

    def settle_doubt(self, title: str) -> Report:
        """Asks what to do with a step that may or may not have run."""
        with self._terminal() as tty:
            if tty is None:
                return Report(kind="later")
            choices: list[tuple[str, str, _Kind]] = [
                ("r", "run it again", "again"),
                ("p", "count it as passed", "pass"),
                ("f", "count it as failed", "fail"),
                ("s", "stop here, decide later", "later"),
            ]
            kind = _select(
                tty, f"{title} was running when rundown ended. What now?", choices, default="later"
            )
        return Report(kind=kind or "later")

    def supply(self, wanted: Input) -> str | None:
        """Asks for an input's value: one of its options, or a line that fits its pattern."""
        with self._terminal() as tty:
            if tty is None:
                return None
            sentence = f"{wanted.name}" + (f": {visible(wanted.description)}" if wanted.description else "")
            if wanted.options:
                choices = [(str(place), text, text) for place, text in enumerate(wanted.options, 1)]
                return _select(tty, sentence, choices, default=wanted.options[0])
            return _typed(tty, sentence, wanted)

    def confirm(self, sentence: str) -> bool:
        """Asks for a plain yes."""
        with self._terminal() as tty:
            if tty is None:
                return False
            choices = [("y", "yes", True), ("n", "no", False)]
            return _select(tty, sentence, choices, default=False) is True


class _Dialogue:
    """One permission question, until it is answered."""

    def __init__(self, question: Question, style: Style, tty: "_Terminal") -> None:
        self._question = question
        self._style = style
        self._tty = tty
        self._seen_whole = len(render_text(question.request, question.subject.shown).encode()) <= _WHOLE_BYTES

    def run(self) -> tuple[Answer, ...]:
        question = self._question
        text = QuestionText(
            request=question.request,
            asks=question.asks,
            sees=question.sees,
            title=question.subject.title,
            progress=question.subject.progress,
            shown=question.subject.shown,
        )
        self._tty.write("\n" + render_question(text, self._style))
        if len(question.asks) == 1:
            return (self._ask("Allow this?", question.asks),)
        answer = self._ask(f"Allow these {len(question.asks)}?", question.asks)
        if answer.pattern == _SINGLY.name:
            return tuple(
                self._ask(f"{place} of {len(question.asks)}: {describe_ask(ask)}", (ask,))
                for place, ask in enumerate(question.asks, 1)
            )
        return (answer,) * len(question.asks)

    def _ask(self, sentence: str, asks: tuple[Ruling, ...]) -> Answer:
        pattern: str | None = None
        while True:
            chosen = _select(self._tty, sentence, self._choices(asks, pattern), default=Choice.DENY)
            match chosen:
                case Choice():
                    return Answer(choice=chosen, pattern=pattern)
                case _Other("view"):
                    self._page()
                case _Other("why"):
                    self._explain(asks)
                case _Other("edit"):
                    pattern = _line(self._tty, "pattern to remember", pattern or asks[0].operation.resource)
                case _Other("singly"):
                    return Answer(choice=Choice.DENY, pattern=_SINGLY.name)
                case _:
                    return Answer(choice=Choice.DENY)

    def _choices(self, asks: tuple[Ruling, ...], pattern: str | None) -> list[tuple[str, str, object]]:
        kinds = sorted({ask.operation.capability.value for ask in asks})
        kind = " and ".join(kinds)
        allowing: list[tuple[str, str, object]] = [
            ("y", "allow once", Choice.ONCE),
            ("s", "allow for this session" + (f": {pattern}" if pattern else ""), Choice.SESSION),
            ("a", f"allow every {kind} for this session that nothing denies", Choice.TYPE_SESSION),
            ("p", "always allow here, for me", Choice.ALWAYS_ME),
            ("P", "always allow for the project (writes its policy)", Choice.ALWAYS_PROJECT),
        ]
        more: list[tuple[str, str, object]] = [
            ("v", "view the whole command", _VIEW),
            ("?", "why is this asked", _WHY),
        ]
        if len(asks) == 1:
            more.insert(0, ("e", "edit the pattern to remember", _EDIT))
        else:
            more.insert(0, ("r", "review one by one", _SINGLY))
        denying: list[tuple[str, str, object]] = [
            ("n", "deny", Choice.DENY),
            ("d", f"deny every further {kind} this session", Choice.DENY_TYPE),
        ]
        return [*denying[:1], *(allowing if self._seen_whole else []), *denying[1:], *more]

    def _page(self) -> None:
        lines = render_text(self._question.request, self._question.subject.shown).split("\n")
        height = max(5, self._tty.rows() - 4)
        for start in range(0, len(lines), height):
            self._tty.write("".join(f"  {line}\n" for line in lines[start : start + height]))
            if start + height < len(lines) and _line(self._tty, "Enter for more, q to stop", "") == "q":
                return
        self._seen_whole = True

    def _explain(self, asks: tuple[Ruling, ...]) -> None:
        for ask in asks:
            self._tty.write(f"  {describe_ask(ask)}\n")
            if ask.rule is not None:
                where = f" ({ask.rule.span})" if ask.rule.span is not None else ""
                self._tty.write(f"    rule: {ask.rule.pattern}, {ask.rule.layer.value} policy{where}\n")
            elif ask.mode is not None:
                self._tty.write(f"    no rule mentions it; the mode is `{ask.mode}`\n")
            if ask.fix is not None:
                self._tty.write(f"    to settle it for good: {ask.fix.flag}   or   {ask.fix.yaml}\n")


class _Terminal:
    """The controlling terminal, opened for one question."""

    def __init__(self, fd: int) -> None:
        self._reader = os.fdopen(fd, encoding="utf-8", errors="replace")
        self._writer = os.fdopen(os.dup(fd), "w", encoding="utf-8", errors="replace")

    def write(self, text: str) -> None:
        self._writer.write(text)
        self._writer.flush()

    def rows(self) -> int:
        return os.get_terminal_size(self._writer.fileno()).lines

    def flush_typed(self) -> None:
        termios.tcflush(self._reader.fileno(), termios.TCIFLUSH)

    def ends(self) -> dict[str, Any]:
        """Returns prompt_toolkit's input and output on this terminal."""
        from prompt_toolkit.input.vt100 import Vt100Input
        from prompt_toolkit.output.vt100 import Vt100_Output

        output = Vt100_Output.from_pty(self._writer, term=os.environ.get("TERM"))
        return {"input": Vt100Input(self._reader), "output": output}

    def close(self) -> None:
        self._reader.close()
        self._writer.close()


@contextmanager
def _open_terminal() -> Iterator[_Terminal | None]:
    """Opens the controlling terminal; gives None where there is none any more."""
    try:
        terminal = _Terminal(os.open(_TTY, os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        yield None
        return
    try:
        yield terminal
    finally:
        terminal.close()


def _select(tty: _Terminal, sentence: str, choices: list[tuple[str, str, _T]], default: _T) -> _T | None:
    """Returns what the person chose by key or by arrows; None on EOF, Ctrl-C or a closed terminal."""
    import questionary

    tty.flush_typed()
    rows = [questionary.Choice(f"{key}  {text}", value=place) for place, (key, text, _) in enumerate(choices)]
    first = next(place for place, choice in enumerate(choices) if choice[2] == default)
    question = questionary.select(
        sentence,
        choices=rows,
        default=rows[first],
        qmark="",
        instruction="(key, or arrows and Enter)",
        **tty.ends(),
    )
    bindings = question.application.key_bindings
    for place, (key, _, _) in enumerate(choices):
        bindings.add(key, eager=True)(_chooser(place))  # type: ignore[union-attr]
    bindings.add("c-d", eager=True)(_chooser(None))  # type: ignore[union-attr]
    chosen = _answer(question)
    if chosen is None:
        tty.write("  no answer\n")
        return None
    key, text, value = choices[int(chosen)]
    tty.write(f"  {key}  {text}\n")
    return value


def _answer(question: Any) -> Any:
    """Returns what the person answered; None on EOF, Ctrl-C or a closed terminal."""
    try:
        return question.unsafe_ask()
    except TerminatedError:
        raise
    except (KeyboardInterrupt, EOFError, OSError):
        return None


def _chooser(place: int | None) -> Callable[[Any], None]:
    return lambda event: event.app.exit(result=place)


def _typed(tty: _Terminal, sentence: str, wanted: Input) -> str | None:
    """Asks until the line fits the pattern; None on EOF, Ctrl-C or a closed terminal."""
    import questionary

    def fits(text: str) -> bool | str:
        misfit = wanted.pattern is not None and re.fullmatch(wanted.pattern, text) is None
        return f"a value that fits {wanted.pattern}" if misfit else bool(text)

    ask = questionary.password if wanted.secret else questionary.text
    answer = _answer(ask(sentence, qmark="", validate=fits, **tty.ends()))
    return answer if isinstance(answer, str) else None


def _line(tty: _Terminal, sentence: str, default: str) -> str | None:
    import questionary

    answer = _answer(questionary.text(sentence, default=default, qmark="", **tty.ends()))
    return answer if isinstance(answer, str) and answer.strip() else None
