"""The convention by which documents hold examples that are run.

A fence whose info string has the word `run` is run by the tests: ```` ```console run exit=3 ````. In it

- a line that starts with `$ ` is a command; a command that ends with `\\` goes on in the next line;
- every other line is output: it must appear, in this order, in what the command before it printed
  (standard output and error together); `…` in a line stands for any text, a line `…` for any lines;
- `exit=N` is the status of the last command (0 unless said); those before it must succeed.

The commands of one document run one after the other in one fresh copy of the project, where
`rundown` is on PATH, no terminal is there, and nothing of the caller's environment is seen.
Other fences are only shown. `sh install` and `sh test` in the README are run by `.ci/run`.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

ANYTHING = "…"


@dataclass
class Command:
    """One command line and the lines that it is said to print; `status` is its exit code."""

    text: str
    line: int
    expected: list[str] = field(default_factory=list)
    status: int = 0


def examples_in(document: Path) -> list[Command]:
    """Returns the commands of all fences marked `run`, in the order of the document."""
    tokens = MarkdownIt().parse(document.read_text(encoding="utf-8"))
    commands: list[Command] = []
    for token in tokens:
        words = token.info.split()
        if token.type == "fence" and "run" in words[1:] and token.map is not None:
            commands += _commands(token.content, token.map[0] + 2, _status(words))
    return commands


def unmatched(expected: list[str], printed: str) -> str | None:
    """Returns the first expected line that does not appear in its order, or None."""
    lines = iter(line.rstrip() for line in printed.splitlines())
    for wanted in expected:
        pattern = re.compile(".*".join(re.escape(part) for part in wanted.strip().split(ANYTHING)))
        if wanted.strip() != ANYTHING and not any(pattern.fullmatch(line.strip()) for line in lines):
            return wanted
    return None


def _commands(content: str, first_line: int, status: int) -> list[Command]:
    found: list[Command] = []
    open_command = False
    for number, line in enumerate(content.splitlines(), first_line):
        if open_command:
            found[-1].text += "\n" + line
        elif line.startswith("$ "):
            found.append(Command(line[2:], number))
        elif line.strip():
            found[-1].expected.append(line)
        open_command = line.endswith("\\") and (open_command or line.startswith("$ "))
    found[-1].status = status
    return found


def _status(words: list[str]) -> int:
    return next((int(word.removeprefix("exit=")) for word in words if word.startswith("exit=")), 0)
