"""`FailurePrompt`: a step failed and the run would stop; answers with one `Mend`."""

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from rundown.prompt.base import Prompt
from rundown.prompt.editor import LineEditor, TextEditor
from rundown.prompt.menu import Row
from rundown.render.escape import visible
from rundown.render.style import Style
from rundown.session.ports import Failure, Mend

_EDIT = "edit"


class FailurePrompt(Prompt[Mend]):
    """What no answer means: the run stops, as it would without anybody there. `said`: the last lines of the
    step, safe to show, where they are not above the question anyway."""

    def __init__(self, failure: Failure, style: Style, said: tuple[str, ...] | None = None) -> None:
        super().__init__(style, Mend(kind="stop"))
        self._failure = failure
        self._said = said

    def head(self) -> Content:
        """Says which step failed, and how."""
        failure = self._failure
        return Content.assemble(
            (f"{self.style.sign('fail')} Step {visible(failure.position)} failed", "bold $error"),
            (f"   {visible(failure.subject.title)}", "bold"),
            (f"   {visible(failure.ending)}", ""),
            (f"   {failure.subject.progress}", "dim"),
        )

    def parts(self) -> list[Widget]:
        """What it said at last, the command, and what would happen now."""
        parts: list[Widget] = []
        told = "Nothing in the runbook says what to do, so the run would stop here."
        if self._said is None:
            told = f"Its output is above. {told}"
        elif self._said:
            parts.append(Static(Content.styled("it said at last", "dim")))
            parts.append(Static(Content("\n".join(self._said)), classes="part"))
        else:
            parts.append(Static(Content.styled("it printed nothing", "dim"), classes="part"))
        if self._failure.text:
            shown = visible(self._failure.text.rstrip("\n"), lines=True)
            parts.append(Static(Content(shown), classes="command"))
        parts.append(Static(Content.styled(told, "dim"), classes="part -last"))
        return parts

    def rows(self) -> tuple[tuple[Row, ...], int]:
        """The ways on."""
        first = [
            Row(key="x", text="stop the run here", value=self.refusal),
            Row(key="r", text="run it again", value=Mend(kind="again")),
        ]
        if self._failure.text:
            first.append(Row(key="e", text="edit it, and run that once", value=_EDIT))
        second = [
            Row(key="p", text="count it as passed", value=Mend(kind="pass")),
            Row(key="k", text="skip it and go on", value=Mend(kind="skip")),
        ]
        if self._failure.has_shell:
            second.insert(0, Row(key="s", text="a shell in its sandbox", value=Mend(kind="shell")))
        return (*first, *second), len(first)

    def choose(self, row: Row) -> None:
        """Answers, or opens the editor."""
        if row.value == _EDIT:
            self.edit(TextEditor(self._failure.text))
        else:
            self.answer(row.value)

    def edited(self, editor: LineEditor | TextEditor, text: str) -> None:
        """A changed command is run once."""
        if text.strip() and text.strip() != self._failure.text.strip():
            self.answer(Mend(kind="edit", text=text))
        else:
            self.refresh_menu()
