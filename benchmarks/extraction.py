"""How often the extractor does not know, on ordinary text of this machine, and how long it takes.

    python -m benchmarks.extraction [FOLDER...]

Reads shell scripts and the shell blocks of documentation below the folders (by default the system's own),
and prints the shares of what is dynamic or unparseable, by command and by text; then the time for typical
one-liners. Runs nothing. Text that the shell itself refuses (`-n`: transcripts, other languages behind a
shell's first line) is counted and left out.
"""

import sys
import timeit
from collections import Counter
from pathlib import Path

from rundown.model.request import Capability
from rundown.shell.commands import read
from rundown.shell.cursor import Budget, UnreadableError
from rundown.shell.extract import extract
from tests.support.ordinary_text import FOLDERS, Text, is_valid, scripts

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
    folders = [Path(word) for word in sys.argv[1:]] or list(FOLDERS)
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
