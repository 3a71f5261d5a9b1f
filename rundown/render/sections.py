"""The commands by which a CI runner folds a step's output: groups of GitHub, sections of GitLab.

Source: GitHub's documentation, "Workflow commands"; GitLab's, "Custom collapsible sections".
"""

import re
from datetime import datetime
from typing import Literal

from rundown.render.annotation import escape_message
from rundown.render.escape import visible

Dialect = Literal["github", "gitlab"]
_UNNAMED = re.compile(r"[^A-Za-z0-9_.-]")


class Sections:
    """Opens and closes the section of the step that runs; there is at most one. Returns what to say."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._open = ""
        self._count = 0

    def begin(self, title: str, at: str) -> str:
        """Returns what closes the section before and opens one. `at`: the event's time, RFC 3339."""
        closed = self.end(at)
        self._count += 1
        name = f"step_{self._count}_{_UNNAMED.sub('_', title)[:40]}"
        self._open = name
        if self._dialect == "github":
            return f"{closed}::group::{escape_message(visible(title))}\n"
        return f"{closed}\x1b[0Ksection_start:{_seconds(at)}:{name}\r\x1b[0K{visible(title)}\n"

    def end(self, at: str) -> str:
        """Returns what closes the open section; "" without one."""
        name, self._open = self._open, ""
        if not name:
            return ""
        return "::endgroup::\n" if self._dialect == "github" else _gitlab_end(name, at)


def _gitlab_end(name: str, at: str) -> str:
    return f"\x1b[0Ksection_end:{_seconds(at)}:{name}\r\x1b[0K\n"


def _seconds(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp())
