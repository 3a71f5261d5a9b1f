"""`HostPrompt`: a running step wants to reach a host; answers with one `Answer`."""

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from rundown.prompt.base import Prompt
from rundown.prompt.menu import Row
from rundown.prompt.text import head_line, origin_lines, reason
from rundown.render.escape import visible
from rundown.render.style import Style
from rundown.session.ports import Answer, Choice, HostQuestion

_WHY = "why"
_CHOICES = (
    ("n", "deny", Choice.DENY),
    ("y", "allow this connection", Choice.ONCE),
    ("s", "allow this host for this session", Choice.SESSION),
    ("a", "allow every host for this session", Choice.TYPE_SESSION),
    ("p", "always allow this host here, for me", Choice.ALWAYS_ME),
    ("P", "always allow this host for the project", Choice.ALWAYS_PROJECT),
)


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
        first = tuple(Row(key=key, text=text, value=choice) for key, text, choice in _CHOICES)
        second = (
            Row(key="d", text="deny every further host", value=Choice.DENY_TYPE),
            Row(key="?", text="why is this asked", value=_WHY),
        )
        return (*first, *second), len(first)

    def choose(self, row: Row) -> None:
        """Answers, or says why."""
        if isinstance(row.value, Choice):
            self.answer(Answer(choice=row.value))
            return
        self._explains = True
        self.body.remove_children()
        self.body.mount(*self.parts())
        self.refresh_menu()
