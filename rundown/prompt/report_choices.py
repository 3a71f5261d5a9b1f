"""What a person may say of a unit, however it is asked; without Textual, for plain lines."""

from typing import Final

from rundown.session.ports import Report

REPORT_CHOICES: Final = (
    ("l", "later: leave the run waiting", Report(kind="later")),
    ("p", "pass: it is done and went well", Report(kind="pass")),
    ("f", "fail: it went wrong", Report(kind="fail")),
)
"""Of a unit that only a person can do: key, words, answer; the one that settles nothing first."""

DOUBT_CHOICES: Final = (
    ("s", "stop here, decide later", Report(kind="later")),
    ("r", "run it again", Report(kind="again")),
    ("p", "count it as passed", Report(kind="pass")),
    ("f", "count it as failed", Report(kind="fail")),
)
"""Of a step that was running when the last process died, likewise."""
