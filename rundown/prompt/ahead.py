"""`AheadPrompt`: a step is about to begin, step by step; answers whether it shall."""

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from rundown.prompt.base import Prompt
from rundown.prompt.menu import Row
from rundown.render.escape import visible
from rundown.render.style import Style
from rundown.session.ports import Ahead, Approach


class AheadPrompt(Prompt[Approach]):
    """What no answer means: stop here. The run can be resumed."""

    def __init__(self, ahead: Ahead, style: Style) -> None:
        super().__init__(style, "stop")
        self._ahead = ahead

    def head(self) -> Content:
        """Says which step is next."""
        subject = self._ahead.subject
        return Content.assemble(
            (f"{self.style.sign('start')} Next", "bold $primary"),
            (f"   step {visible(self._ahead.position)}", "bold"),
            (f" {visible(subject.title)}", ""),
            (f"   {subject.progress}", "dim"),
        )

    def parts(self) -> list[Widget]:
        """What will run."""
        if not self._ahead.text:
            return [Static(Content.styled("a person does this", "dim"), classes="part -last")]
        shown = visible(self._ahead.text.rstrip("\n"), lines=True)
        return [Static(Content(shown), classes="command -last")]

    def rows(self) -> tuple[tuple[Row, ...], int]:
        """The ways on."""
        return (
            Row(key="x", text="stop here; the run can be resumed", value="stop"),
            Row(key="r", text="run it", value="run"),
            Row(key="a", text="run it and all that follow", value="rest"),
            Row(key="k", text="skip it", value="skip"),
        ), 0
