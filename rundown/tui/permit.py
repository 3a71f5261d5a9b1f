"""The permission question as a screen over the run: everything a person must see, refusal first.

A text too long to be shown whole cannot be allowed before its end was seen.
"""

from textual.screen import ModalScreen

from rundown.model.policy import Ruling
from rundown.render.escape import visible
from rundown.render.question import describe_ask, render_text
from rundown.session.ports import Answer, Question
from rundown.session.ports import Choice as Given
from rundown.tui.choice import Block, Choice, ChoiceScreen
from rundown.tui.forms import TextScreen

_WHOLE_BYTES = 10 * 1024


class PermitScreen(ChoiceScreen[tuple[Answer, ...]]):
    """Dismisses with one answer for each ask, in order."""

    def __init__(self, question: Question, place: int | None = None) -> None:
        self._question = question
        self._asks = question.asks if place is None else question.asks[place : place + 1]
        self._place = place
        self._answers: list[Answer] = []
        self._pattern: str | None = None
        text = render_text(question.request, question.subject.shown)
        title = f"Permission needed: step {question.request.position}"
        if place is not None:
            title += f"  ({place + 1} of {len(question.asks)})"
        long = len(text.encode()) > _WHOLE_BYTES
        super().__init__(title, _blocks(question, self._asks, text), self._offered(), must_read=long)

    def _offered(self) -> tuple[Choice, ...]:
        asks = self._asks
        kind = " and ".join(sorted({ask.operation.capability.value for ask in asks}))
        detour = (
            ("r", "review one by one", "singly")
            if len(asks) > 1
            else ("e", "edit the pattern to remember", "edit")
        )
        return (
            Choice("n", "deny", Given.DENY),
            Choice("y", "allow once", Given.ONCE, allows=True),
            Choice("s", "allow for this session", Given.SESSION, allows=True),
            Choice(
                "a", every, Given.TYPE_SESSION, allows=True
            ),
            Choice("p", "always allow here, for me", Given.ALWAYS_ME, allows=True),
            Choice(
                "P", project, Given.ALWAYS_PROJECT, allows=True
            ),
            Choice("d", f"deny every further {kind} this session", Given.DENY_TYPE),
            Choice(*detour),
            Choice("?", "why is this asked", "why"),
        )

    def choose(self, value: object) -> None:
        """Answers, or takes a detour."""
        if isinstance(value, Given):
            answer = Answer(choice=value, pattern=self._pattern)
            self.dismiss(tuple(answer for _ in self._asks))
        elif value == "why":
            self.app.push_screen(_why(self._asks))
        elif value == "edit":
            offered = self._pattern or self._asks[0].operation.resource
            safe = offered if visible(offered) == offered else ""
            self.app.push_screen(TextScreen("Pattern to remember", safe), self._edited)
        else:
            self._singly(())

    def _edited(self, pattern: str | None) -> None:
        if pattern and pattern.strip():
            self._pattern = pattern.strip()
            self.query_one("#question").border_subtitle = visible(f"remembers: {self._pattern}")

    def _singly(self, answers: tuple[Answer, ...]) -> None:
        if len(answers) == len(self._question.asks):
            self.dismiss(answers)
            return

        def answered(given: tuple[Answer, ...] | None) -> None:
            self._singly((*answers, *(given or (Answer(choice=Given.DENY),))))

        self.app.push_screen(PermitScreen(self._question, len(answers)), answered)


def _blocks(question: Question, asks: tuple[Ruling, ...], text: str) -> list[Block]:
    subject = question.subject
    head = "  ".join(part for part in (visible(subject.title), subject.progress) if part)
    blocks = [Block(head)] if head else []
    blocks.append(Block(text, "command"))
    if question.claim:
        blocks.append(Block(f"the agent says: {visible(question.claim, lines=True)}", "quiet"))
    if question.diff:
        blocks.append(Block(visible(question.diff, lines=True), "command"))
    told = dict.fromkeys(describe_ask(item) for item in asks)
    blocks.append(Block("asks to\n" + "\n".join(f"  · {line}" for line in told)))
    if question.sees:
        lines = "\n".join(f"  {visible(line)}" for line in question.sees)
        blocks.append(Block(f"inside the sandbox it\n{lines}", "quiet"))
    return blocks


def _why(asks: tuple[Ruling, ...]) -> ModalScreen[None]:
    lines = []
    for ask in asks:
        lines.append(describe_ask(ask))
        if ask.rule is not None:
            where = f" ({ask.rule.span})" if ask.rule.span is not None else ""
            lines.append(
                f"  rule: {visible(ask.rule.pattern)}, {ask.rule.layer.value} policy{visible(where)}"
            )
        elif ask.mode is not None:
            lines.append(f"  no rule mentions it; the mode is `{ask.mode}`")
        if ask.fix is not None:
            lines += [
                f"  to settle it for good: {visible(part)}" for part in (ask.fix.flag, ask.fix.yaml) if part
            ]
    return ChoiceScreen("Why this is asked", (Block("\n".join(lines)),), (Choice("b", "back", None),))
