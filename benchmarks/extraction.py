"""How often the extractor does not know, on ordinary text of this machine, and how long it takes.

    python benchmarks/extraction.py [FOLDER...]

Reads shell scripts and the shell blocks of documentation below the folders (by default the system's own),
and prints the shares of what is dynamic or unparseable, by command and by text; then the time for typical
one-liners. Runs nothing. Text that the shell itself refuses (`-n`: transcripts, other languages behind a
shell's first line) is counted and left out.
"""

import re
import subprocess
import sys
import timeit
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from rundown.model.request import Capability
from rundown.shell.commands import read
from rundown.shell.cursor import Budget, UnreadableError
from rundown.shell.extract import extract

FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/share", "/etc/init.d", "/usr/lib", "/var/lib/dpkg/info")
MAX_BYTES = 200_000
ONE_LINERS = (
    "git status",
    "npm ci && npm run build",
    'git commit -m "fix: a thing"',
    "kubectl -n prod rollout status deploy/web --timeout=120s",
    "docker build -t app:1 . | tee build.log",
    "grep -rn 'TODO' src | sort | uniq -c | sort -rn | head",
    'for f in *.md; do echo "$f"; done',
    "find . -name '*.pyc' -exec rm {} +",
    "sudo systemctl restart nginx",
    "curl -fsSL https://example.com/install.sh | sh",
    'test -f .env || cp .env.example "$PWD/.env"',
    'echo "built $(date +%s)"',
    "python3 -c 'print(1)'",
    "cat <<EOF > out.txt\nhello $USER\nEOF\n",
)
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


def shares(name: str, texts: list[Text]) -> None:
    """Prints what is not known of these texts."""
    count: Counter[str] = Counter()
    for dialect, text in texts:
        budget = Budget()
        try:
            read(text, dialect, budget)
            commands = budget.commands
        except UnreadableError:
            commands = text.count("\n") + 1
            count["refused"] += 1
        found = extract(text, dialect)
        started = [operation for operation in found.operations if operation.capability is Capability.RUN]
        kinds = Counter(operation.kind for operation in started)
        count["commands"] += commands
        count["programs"] += len(started)
        count["dynamic"] += kinds["dynamic"]
        count["unparseable"] += (
            kinds["unparseable"] if found.unparseable is None or kinds["literal"] else commands
        )
        count["texts with unparseable"] += kinds["unparseable"] > 0
        count["texts all known"] += not kinds["unparseable"] and not kinds["dynamic"]
    total, commands = max(len(texts), 1), max(count["commands"], 1)
    print(f"{name}: {len(texts)} texts, {count['commands']} commands, {count['programs']} programs")
    print(f"  dynamic        {count['dynamic'] / commands:7.2%} of commands")
    print(f"  unparseable    {count['unparseable'] / commands:7.2%} of commands")
    print(f"  unparseable    {count['texts with unparseable'] / total:7.2%} of texts")
    print(f"  refused by the exact reader: {count['refused']} texts")
    print(f"  nothing open   {count['texts all known'] / total:7.2%} of texts")


def main() -> None:
    """Prints shares and times."""
    folders = [Path(word) for word in sys.argv[1:]] or [Path(word) for word in FOLDERS]
    all_texts = dict.fromkeys(text for folder in folders if folder.is_dir() for text in scripts(folder))
    found = [text for text in all_texts if is_valid(text)]
    print(f"{len(all_texts)} texts, {len(all_texts) - len(found)} of them refused by the shell and left out")
    single = [text for text in found if text[1].count("\n") <= 5]
    shares("short texts", single)
    shares("scripts", [text for text in found if text[1].count("\n") > 5])
    print("one-liners, warm, microseconds:")
    for line in ONE_LINERS:
        extract(line, "bash")
        seconds = min(timeit.repeat(lambda line=line: extract(line, "bash"), number=200, repeat=3)) / 200  # type: ignore[misc]
        print(f"  {seconds * 1e6:8.1f}  {line.splitlines()[0]}")


if __name__ == "__main__":
    main()
