"""One permission question, until it is answered.

A text too long to be shown whole is shown by its beginning, and cannot be allowed until its end was seen.
"""

from enum import Enum

from rundown.cli.tty import Tty, edit_line, select
from rundown.model.policy import Ruling
from rundown.render.escape import visible
from rundown.render.question import QuestionText, describe_ask, render_question, render_text
from rundown.render.style import Style
from rundown.session.ports import EDITS_BELOW, Answer, Choice, Question

_WHOLE_BYTES = 10 * 1024
_HEAD_LINES = 20
_HEAD_CHARACTERS = 2000


class _Detour(Enum):
    """A choice that leads back to the question."""

    VIEW = "view"
    EDIT = "edit"
    WHY = "why"
    SINGLY = "singly"


_Row = tuple[str, str, "Choice | _Detour | Answer"]


class Dialogue:
    """Asks on one terminal. `run` returns one answer for each ask, in order."""

    def __init__(self, question: Question, style: Style, tty: Tty) -> None:
        self._question = question
        self._style = style
        self._tty = tty
        self._text = render_text(question.request, question.subject.shown)
        self._seen_whole = len(self._text.encode()) <= _WHOLE_BYTES

    def run(self) -> tuple[Answer, ...]:
        """Shows the question, then asks; all asks together, or singly if the person wants."""
        asks = self._question.asks
        text = QuestionText(
            request=self._question.request,
            asks=asks,
            sees=self._question.sees,
            title=self._question.subject.title,
            progress=self._question.subject.progress,
            shown=self._question.subject.shown if self._seen_whole else self._head(),
        )
        self._tty.write("\n" + render_question(text, self._style) + self._agents_part())
        sentence = "Allow this?" if len(asks) == 1 else f"Allow these {len(asks)}?"
        answer = self._ask(sentence, asks)
        if answer is not None:
            return (answer,) * len(asks)
        return tuple(self._singly(place) for place in range(len(asks)))

    def _agents_part(self) -> str:
        """What an agent says of its call, marked as its own words, and what its edit changes."""
        question = self._question
        said = [f"  the agent's own words: {visible(question.claim)}"] if question.claim else []
        lines = visible(question.diff.rstrip("\n"), lines=True).split("\n") if question.diff else []
        return "".join(f"{line}\n" for line in (*said, *(f"    {line}" for line in lines)))

    def _singly(self, place: int) -> Answer:
        asks = self._question.asks
        sentence = f"{place + 1} of {len(asks)}: {describe_ask(asks[place])}"
        return self._ask(sentence, (asks[place],)) or Answer(choice=Choice.DENY)

    def _ask(self, sentence: str, asks: tuple[Ruling, ...]) -> Answer | None:
        """Returns the answer; None if the person wants to answer one by one."""
        pattern: str | None = None
        while True:
            chosen = select(self._tty, sentence, self._choices(asks, pattern), default=Choice.DENY)
            match chosen:
                case Answer():
                    return chosen
                case Choice():
                    return Answer(choice=chosen, pattern=pattern)
                case _Detour.VIEW:
                    self._page()
                case _Detour.WHY:
                    self._explain(asks)
                case _Detour.EDIT:
                    offered = pattern or asks[0].operation.resource
                    pattern = edit_line(self._tty, "pattern to remember", offered)
                case _Detour.SINGLY:
                    return None
                case _:
                    return Answer(choice=Choice.DENY)

    def _choices(self, asks: tuple[Ruling, ...], pattern: str | None) -> list[_Row]:
        kind = " and ".join(sorted({ask.operation.capability.value for ask in asks}))
        allowing: list[_Row] = [
            ("y", "allow once", Choice.ONCE),
            ("s", "allow for this session" + (f": {pattern}" if pattern else ""), Choice.SESSION),
            ("a", f"allow every {kind} for this session that nothing denies", Choice.TYPE_SESSION),
            ("p", "always allow here, for me", Choice.ALWAYS_ME),
            ("P", "always allow for the project (writes its policy)", Choice.ALWAYS_PROJECT),
        ]
        if self._question.diff:
            allowing.append(("w", "allow edits below {repo} for this session", EDITS_BELOW))
        detour: _Row = ("r", "review one by one", _Detour.SINGLY)
        if len(asks) == 1:
            detour = ("e", "edit the pattern to remember", _Detour.EDIT)
        return [
            ("n", "deny", Choice.DENY),
            *(allowing if self._seen_whole else []),
            ("d", f"deny every further {kind} this session", Choice.DENY_TYPE),
            detour,
            ("v", "view the whole command", _Detour.VIEW),
            ("?", "why is this asked", _Detour.WHY),
        ]

    def _head(self) -> str:
        lines = self._text.split("\n")
        head = "\n".join(lines[:_HEAD_LINES])[:_HEAD_CHARACTERS]
        return f"{head}\n… {len(self._text.encode())} bytes in all: view the whole command (v) to allow it"

    def _page(self) -> None:
        lines = self._text.split("\n")
        height = max(5, self._tty.rows() - 4)
        for start in range(0, len(lines), height):
            self._tty.write("".join(f"  {line}\n" for line in lines[start : start + height]))
            more = start + height < len(lines)
            pages = [("m", "more", True), ("q", "stop", False)]
            sentence = f"line {start + height} of {len(lines)}"
            if more and select(self._tty, sentence, pages, default=True) is not True:
                return
        self._seen_whole = not self._tty.is_gone

    def _explain(self, asks: tuple[Ruling, ...]) -> None:
        for ask in asks:
            lines = [describe_ask(ask)]
            if ask.rule is not None:
                where = f" ({ask.rule.span})" if ask.rule.span is not None else ""
                lines.append(f"  rule: {ask.rule.pattern}, {ask.rule.layer.value} policy{where}")
            elif ask.mode is not None:
                lines.append(f"  no rule mentions it; the mode is `{ask.mode}`")
            if ask.fix is not None and (ask.fix.flag or ask.fix.yaml):
                mends = "   or   ".join(part for part in (ask.fix.flag, ask.fix.yaml) if part)
                lines.append(f"  to settle it for good: {mends}")
            self._tty.write("".join(f"  {visible(line)}\n" for line in lines))
