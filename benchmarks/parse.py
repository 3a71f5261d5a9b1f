"""What reading a runbook costs beside tokenising its Markdown: `python -m benchmarks.parse`.

Both are measured by turns in the same process, in processor time, on documents of about a megabyte; the ratio
is to stay below 1.5. "Markdown" is markdown-it-py's CommonMark parse as it comes, "blocks" the same without
its inline pass: the least that a parse can cost.
"""

import time
from collections.abc import Callable, Sequence

from markdown_it import MarkdownIt

from rundown.syntax.parse import parse_runbook

ROUNDS = 5


def steps(count: int) -> str:
    """Returns a runbook of ordinary steps: transitions, a sentence, a block."""
    return "# Bench\n\n" + "".join(
        f'## {number}. Step {number}\n\n- PASS CONTINUE\n- FAIL RETRY 2 STOP "no {number}"\n\n'
        f"Some words about step {number}.\n\n```bash\necho {number}\nmake all\n```\n\n"
        for number in range(1, count + 1)
    )


def substeps(count: int) -> str:
    """Returns a runbook of small substeps, five a step."""
    return "".join(
        f"## {number}. Step\n\n"
        + "".join(
            f"### {number}.{part} Part\n\n- FAIL GOTO {number}\n\n```sh\ntrue\n```\n\n"
            for part in range(1, 6)
        )
        for number in range(1, count + 1)
    )


def prose(count: int) -> str:
    """Returns one step with many paragraphs and bullets."""
    return (
        "## 1. Read\n\n"
        + "Lorem *ipsum* dolor `sit` [amet](x).\nMore text.\n\n- a bullet\n- another\n\n" * count
    )


def block(count: int) -> str:
    """Returns one step with a block of many lines."""
    return "## 1. Run\n\n```bash\n" + "echo one line of a long block\n" * count + "```\n"


DOCUMENTS = {
    "10,000 steps": steps(10_000),
    "15,000 substeps": substeps(3_000),
    "1 MB of prose": prose(13_000),
    "block of 10,000 lines": block(10_000),
}


def seconds(works: Sequence[Callable[[], object]]) -> list[float]:
    """Returns the best of several rounds for each, taken by turns."""
    best = [float("inf")] * len(works)
    for _ in range(ROUNDS):
        for index, work in enumerate(works):
            begun = time.process_time()
            work()
            best[index] = min(best[index], time.process_time() - begun)
    return best


def measure(text: str) -> tuple[float, float, float]:
    """Returns the seconds of a Markdown parse, of its blocks alone, and of ours."""
    content = text.encode()
    parsed = parse_runbook(content, "bench.runbook.md")
    assert parsed.runbook is not None, parsed.diagnostics
    markdown = MarkdownIt("commonmark")
    blocks = MarkdownIt("commonmark").disable(["inline", "text_join"])
    whole, least, ours = seconds(
        [
            lambda: markdown.parse(text),
            lambda: blocks.parse(text),
            lambda: parse_runbook(content, "bench.runbook.md"),
        ]
    )
    return whole, least, ours


def main() -> None:
    """Prints one line a document."""
    print(f"{'document':24} {'size':>9} {'markdown':>10} {'blocks':>10} {'rundown':>10}  ratio to both")
    for name, text in DOCUMENTS.items():
        whole, least, ours = measure(text)
        print(
            f"{name:24} {len(text) / 1e6:6.2f} MB {whole:8.3f} s {least:8.3f} s {ours:8.3f} s"
            f"  {ours / whole:5.2f}, {ours / least:5.2f}"
        )


if __name__ == "__main__":
    main()
