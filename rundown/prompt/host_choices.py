"""What may be answered to a question about a host, however it is drawn; without Textual, for plain lines."""

from typing import Final

from rundown.session.ports import Choice

HOST_CHOICES: Final = (
    ("n", "deny", Choice.DENY),
    ("y", "allow this connection", Choice.ONCE),
    ("s", "allow this host for this session", Choice.SESSION),
    ("a", "allow every host for this session", Choice.TYPE_SESSION),
    ("p", "always allow here, for me", Choice.ALWAYS_ME),
    ("P", "always allow for the project", Choice.ALWAYS_PROJECT),
    ("d", "deny every further host", Choice.DENY_TYPE),
)
"""Key, words, answer; the safe one first."""
