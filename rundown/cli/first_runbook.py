"""The runbook that `rundown init` writes: short, harmless, and true of most projects of its kind."""

KINDS = {
    "python": ("pyproject.toml", "setup.py", "requirements.txt"),
    "node": ("package.json",),
    "go": ("go.mod",),
    "rust": ("Cargo.toml",),
}
"""The kinds, and the files by which a project is known to be of one."""

_TESTS = {
    "python": "if [ -d tests ]; then python3 -m pytest -q; else echo 'no tests yet'; fi",
    "node": "npm test --if-present",
    "go": "go test ./...",
    "rust": "cargo test --offline",
}
_OTHER = "if [ -f Makefile ]; then make -n test; else echo 'say here how this project is tested'; fi"

_TEXT = """\
---
name: start
description: Looks at the project, tests it, and says what is not committed yet
shell: {{errexit: true, nounset: true, pipefail: true}}
---

# Start here

A runbook is Markdown: headings are steps, fenced blocks are commands, and the bullets below a heading
say where to go when a step passes or fails. What a step may do is decided before it runs, and it runs
confined. Try: `rundown check {file}`, `rundown policy explain -- 'curl example.com'`.

## 1. Look around

```bash
ls
```

## 2. Test it

- PASS CONTINUE
- FAIL STOP "the tests do not pass"

```bash
{tests}
```

## 3. Say what is not committed

```bash
if git rev-parse --git-dir > /dev/null 2>&1; then git status --short; else echo 'no git repository'; fi
```
"""


def first_runbook(file: str, languages: tuple[str, ...]) -> str:
    """Returns the text for a project written in these languages; `file` is its own name."""
    tests = [_TESTS[name] for name in languages if name in _TESTS] or [_OTHER]
    return _TEXT.format(file=file, tests="\n".join(tests))
