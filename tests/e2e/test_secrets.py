"""Secrets with the real program: released by policy, as variable and as file, and nowhere to be found after."""

import json
import signal
from pathlib import Path

import pytest

from tests.support.project import commit_all, rundown
from tests.support.running import Running, only_run, types_on_record

pytestmark = pytest.mark.kernel

POLICY = """version: 1
secrets:
  DEPLOY_KEY: {source: "env:REAL", runbooks: ["*.runbook.md"], steps: ["1"]}
  TOKEN_FILE: {source: "file:token", runbooks: ["*.runbook.md"], steps: ["1"], as: file}
"""
BOOK = """# A

## 1. Uses both

```bash
echo "key $DEPLOY_KEY ${#DEPLOY_KEY}"
cat "$TOKEN_FILE"
printf '%s' "$DEPLOY_KEY" | base64
mkdir -p dist && cp "$TOKEN_FILE" dist/copied && echo x > "dist/$DEPLOY_KEY"
python3 -c 'open("/run/secrets/TOKEN_FILE", "w")' || echo "read only"
```

## 2. Has none

```bash
echo "key <${DEPLOY_KEY-}>"
ls /run/secrets 2>/dev/null || echo "no files"
```
"""
KEY, TOKEN = "variable-secret-8152", "token-in-a-file-9931"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "dist").mkdir(parents=True)
    (folder / ".rundownrc.yaml").write_text(POLICY)
    (folder / "a.runbook.md").write_text(BOOK)
    (folder / "token").write_text(f"{TOKEN}\n")
    commit_all(folder, "Start")
    return folder


def test_a_released_secret_reaches_its_step_alone_and_is_in_nothing_that_is_kept_or_shown(
    place: Path,
) -> None:
    ran = rundown(place, "run", "a.runbook.md", "--trust-project", environment={"REAL": KEY})
    assert ran.returncode == 0, ran.stderr
    for line in ("key [REDACTED:DEPLOY_KEY] 20", "[REDACTED:TOKEN_FILE]", "read only", "key <>", "no files"):
        assert line in ran.stdout
    run = only_run(place)
    told = [json.loads(line)["body"] for line in (run / "events.jsonl").read_text().splitlines()]
    released = [(body["name"], body["form"]) for body in told if body["type"] == "SecretReleased"]
    receipt = rundown(place, "verify", "--json")
    shown = [
        rundown(place, *words).stdout
        for words in (("show",), ("log",), ("diff",), ("log", "--format", "audit"))
    ]
    kept = b"".join(path.read_bytes() for path in place.parent.rglob(".rundown/**/*") if path.is_file())
    assert (released, json.loads(receipt.stdout)["statement"]["predicate"]["secrets"]) == (
        [("DEPLOY_KEY", "env"), ("TOKEN_FILE", "file")],
        ["DEPLOY_KEY", "TOKEN_FILE"],
    )
    everything = kept.decode() + ran.stdout + ran.stderr + receipt.stdout + "".join(shown)
    assert [value for value in (KEY, TOKEN) if value in everything] == []


def test_without_its_source_nothing_starts_and_what_a_runbook_asks_for_is_no_permission(place: Path) -> None:
    missing = rundown(place, "run", "a.runbook.md", "--trust-project")
    (place / "a.runbook.md").write_text("---\nname: a\nsecrets: [OTHER]\n---\n" + BOOK)
    asking = rundown(
        place, "run", "a.runbook.md", "--trust-project", environment={"REAL": KEY, "OTHER": "o" * 9}
    )
    assert (
        missing.returncode,
        "session/secret-missing" in missing.stderr,
        "REAL is not set" in missing.stderr,
    ) == (
        2,
        True,
        True,
    )
    assert (asking.returncode, "policy/missing-secret" in asking.stderr) == (3, True)
    assert types_on_record(place) == []


def test_a_projects_secrets_are_not_released_without_trust(place: Path) -> None:
    ran = rundown(place, "run", "a.runbook.md", environment={"REAL": KEY})
    assert (ran.returncode, "DEPLOY_KEY (env:REAL)" in ran.stderr, types_on_record(place)) == (2, True, [])


def test_the_file_of_a_step_that_was_killed_with_its_rundown_is_swept_by_the_next(
    place: Path, tmp_path: Path
) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    around = {"REAL": KEY, "XDG_RUNTIME_DIR": str(runtime)}
    (place / "a.runbook.md").write_text('# A\n\n## 1. Waits\n\n```bash\ncat "$TOKEN_FILE"; sleep 600\n```\n')
    with Running(place, "run", "a.runbook.md", "--trust-project", environment=around) as running:
        running.wait_for(lambda: bool(list(runtime.rglob("TOKEN_FILE"))), "the secret's file")
        running.end(signal.SIGKILL)
    left = [path.read_text() for path in runtime.rglob("TOKEN_FILE")]
    rundown(place, "exec", "--trust-project", "--", "true", environment=around)
    assert (left, list(runtime.rglob("TOKEN_FILE"))) == ([TOKEN], [])
