"""Ordinary shell text of the machine: scripts, and the shell blocks of documentation. Nothing is run."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

FOLDERS = tuple(
    map(Path, ("/usr/bin", "/usr/sbin", "/usr/share", "/etc/init.d", "/usr/lib", "/var/lib/dpkg/info"))
)
MAX_BYTES = 200_000
_SHEBANG = re.compile(rb"#!\s*/(?:usr/)?bin/(?:env )?(ba|da)?sh\b")
_FENCE = re.compile(r"^```(?:bash|sh|shell|console)\s*\n(.*?)^```", re.MULTILINE | re.DOTALL)

Text = tuple[Literal["bash", "sh"], str]


def scripts(folder: Path) -> Iterator[Text]:
    """Returns the shell scripts below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_BYTES:
            continue
        if path.suffix in (".md", ".markdown"):
            yield from blocks(path)
            continue
        with path.open("rb") as file:
            match = _SHEBANG.match(file.read(64))
        if match is not None:
            yield ("bash" if match.group(1) == b"ba" else "sh"), path.read_text("utf-8", "replace")


def blocks(path: Path) -> Iterator[Text]:
    """Returns the shell blocks of a Markdown file, prompts taken off, but for those with blanks to fill."""
    for block in _FENCE.findall(path.read_text("utf-8", "replace")):
        lines = [line for line in block.splitlines() if line.strip()]
        if any(line.startswith("$ ") for line in lines):
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        if lines and not re.search(r"<[A-Za-z]|\.\.\.|\[[A-Za-z-]", block):
            yield "bash", "\n".join(lines) + "\n"


def is_valid(text: Text) -> bool:
    """Whether the shell itself takes the text; it only reads it."""
    shell = "bash" if text[0] == "bash" else "sh"
    done = subprocess.run([shell, "-n"], input=text[1].encode(), capture_output=True, timeout=10)
    return done.returncode == 0
