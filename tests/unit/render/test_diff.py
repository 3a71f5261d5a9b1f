"""A diff on a terminal: coloured, and harmless."""

from rundown.render.diff import render_diff
from rundown.render.style import PLAIN, Style

DIFF = b"--- a/p/x\n+++ b/p/x\n@@ -1 +1 @@\n-old\n+new \x1b[2J\n same\n\\ No newline at end of file\n"


def test_lines_are_coloured_by_what_they_are() -> None:
    assert render_diff(DIFF, Style(color=True)).splitlines() == [
        "\x1b[1m--- a/p/x\x1b[0m",
        "\x1b[1m+++ b/p/x\x1b[0m",
        "\x1b[36m@@ -1 +1 @@\x1b[0m",
        "\x1b[31m-old\x1b[0m",
        "\x1b[32m+new \\x1b[2J\x1b[0m",
        " same",
        "\\ No newline at end of file",
    ]


def test_what_a_terminal_would_obey_is_written_out() -> None:
    shown = render_diff(b"+a\x1b]0;title\x07\xff\r\n+b\xe2\x80\xae\n", PLAIN)
    assert shown == "+a\\x1b]0;title\\x07\ufffd\\r\n+b<U+202E>\n"
