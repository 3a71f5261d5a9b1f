"""A command imports what it needs when it runs, and nothing else."""

import json
import subprocess
import sys

import pytest

RUNBOOK = "# Small\n\n## 1. Say hello\n\n```sh\necho hello\n```\n"

FRONT_ENDS = {"textual", "rich", "questionary", "prompt_toolkit"}
KERNEL = {"pyseccomp", "seccomp", "landlock"}
ALWAYS_LATE = {"cryptography", "asyncio", "dnslib", "h11", "mcp", "pydantic_ai", "junitparser", "pytest"}
READERS = {"tree_sitter", "tree_sitter_bash", "bashlex", "markdown_it", "wcmatch", "yaml", "rfc8785"}

REPORT_MODULES = """
import json, sys
sys.argv[0] = "rundown"
from rundown.cli.main import main
try:
    status = main()
except SystemExit as stop:
    status = stop.code
print(json.dumps([status or 0, sorted(sys.modules)]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--version"], READERS | FRONT_ENDS | KERNEL | ALWAYS_LATE),
        (["--help"], READERS | FRONT_ENDS | KERNEL | ALWAYS_LATE),
        (["check", "small.runbook.md"], FRONT_ENDS | KERNEL | ALWAYS_LATE),
    ],
    ids=["version", "help", "check"],
)
def test_a_command_does_not_load_what_it_does_not_use(arguments, absent, tmp_path):
    (tmp_path / "small.runbook.md").write_text(RUNBOOK)
    ran = subprocess.run(
        [sys.executable, "-c", REPORT_MODULES, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    status, loaded = json.loads(ran.stderr.splitlines()[-1])
    assert (status, sorted(absent & {name.partition(".")[0] for name in loaded})) == (0, [])
