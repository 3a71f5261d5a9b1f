"""`HostPrompt`: a running step wants to reach a host; answers with one `Answer`."""

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from rundown.prompt.base import Prompt
from rundown.prompt.host_choices import HOST_CHOICES
from rundown.prompt.menu import Row
from rundown.prompt.text import head_line, origin_lines, reason
from rundown.render.escape import visible
from rundown.render.style import Style
from rundown.session.ports import Answer, Choice, HostQuestion

_WHY = "why"
_WIDER = (Choice.DENY_TYPE,)
"""What stands in the second column."""


class HostPrompt(Prompt[Answer]):
    """The connection waits, and so does what the step prints."""

    def __init__(self, question: HostQuestion, style: Style) -> None:
        super().__init__(style, Answer(choice=Choice.DENY))
        self._question = question
        self._explains = False

    def head(self) -> Content:
        """Says that this is a question about a connection, and of which step."""
        asked = self._question
        return head_line(
            self.style, "Connection wanted", asked.position, asked.subject.title, asked.subject.progress
        )

    def parts(self) -> list[Widget]:
        """The host, where it leads now, and why it is asked."""
        asked = self._question
        host = visible(asked.host)
        lines = [
            Content.styled("the running step wants to reach", "dim"),
            Content.assemble(
                (f"{self.style.sign('dot')} {host}", "bold $primary"), (f"  port {asked.port}", "bold")
            ),
        ]
        if asked.addresses:
            found = ", ".join(visible(address) for address in asked.addresses)
            lines.append(Content.styled(f"  now at {found}", "dim"))
        if why := reason(asked.ask):
            lines.append(Content.styled(f"  {why}", "dim"))
        if self._explains:
            lines += [Content.styled(f"  {line}", "dim") for line in origin_lines(asked.ask)]
        lines.append(Content.styled("its output is held back meanwhile", "dim"))
        return [Static(Content("\n").join(lines))]

    def rows(self) -> tuple[tuple[Row, ...], int]:
        """The choices."""
        rows = tuple(Row(key=key, text=text, value=choice) for key, text, choice in HOST_CHOICES)
        first = tuple(row for row in rows if row.value not in _WIDER)
        second = tuple(row for row in rows if row.value in _WIDER)
        return (*first, *second, Row(key="?", text="why is this asked", value=_WHY)), len(first)

    def choose(self, row: Row) -> None:
        """Answers, or says why."""
        if isinstance(row.value, Choice):
            self.answer(Answer(choice=row.value))
            return
        self._explains = True
        self.body.remove_children()
        self.body.mount(*self.parts())
        self.refresh_menu()
