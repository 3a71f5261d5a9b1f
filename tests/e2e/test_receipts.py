"""Every end leaves a receipt that others can verify, and nothing of it or its record can be changed unseen."""

import base64
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

from tests.support.project import bare_environment, commit_all, rundown
from tests.support.running import Running, only_run

pytestmark = pytest.mark.kernel

WRITES = """# Writes

## 1. Write

```sh
mkdir -p dist
echo hello > dist/page
```
"""
SEED = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    (place / "dist").mkdir(parents=True)
    (place / "dist/page").write_text("before\n")
    write(place, "writes", WRITES)
    commit_all(place, "Start")
    return place


def write(project: Path, name: str, text: str) -> None:
    (project / f"{name}.runbook.md").write_text(text)


def run(project: Path, name: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return rundown(project, "run", f"{name}.runbook.md", "--non-interactive", *words, environment=environment)


def receipt(project: Path) -> dict:
    """What the receipt of the one run says."""
    return json.loads(base64.b64decode(json.loads(receipt_path(project).read_bytes())["payload"]))


def receipt_path(project: Path) -> Path:
    return only_run(project) / "receipt.json"


def config(project: Path) -> Path:
    return Path(bare_environment(project)["HOME"]) / ".config/rundown"


def findings(project: Path, *words: str) -> tuple[int, list[str]]:
    verified = rundown(project, "verify", "--json", *words)
    return verified.returncode, [item["code"] for item in json.loads(verified.stdout)["findings"]]


# --- what a receipt says -------------------------------------------------------------------------


def test_a_run_leaves_a_receipt_signed_by_a_key_of_its_user(project):
    ran = run(project, "writes")
    assert (ran.returncode, f"receipt: {receipt_path(project)}\n" in ran.stdout) == (0, True), ran.stdout
    key = config(project) / "signing-key.pem"
    assert [stat.filemode(path.stat().st_mode) for path in (key, receipt_path(project))] == ["-rw-------"] * 2
    assert rundown(project, "verify").stdout.splitlines()[1:3] == [
        "✓ the receipt holds",
        f"  run        {only_run(project).name}",
    ]


def test_a_receipt_names_the_runbook_and_what_the_steps_left(project):
    assert run(project, "writes").returncode == 0
    said = receipt(project)
    digests = [
        {
            "sha256": subprocess.run(
                ["sha256sum", project / name], capture_output=True, text=True
            ).stdout.split()[0]
        }
        for name in ("writes.runbook.md", "dist/page")
    ]
    assert said["subject"] == [
        {"name": "writes.runbook.md", "digest": digests[0]},
        {"name": "dist/page", "digest": digests[1]},
    ]
    assert [step["result"] for step in said["predicate"]["steps"]] == ["pass"]


def test_tools_of_others_verify_the_envelope(project):
    assert run(project, "writes").returncode == 0
    pem = rundown(project, "keys", "export").stdout
    keyid = json.loads(rundown(project, "keys", "show", "--json").stdout)["keyid"]
    envelope = Envelope.from_dict(json.loads(receipt_path(project).read_bytes()))
    key = SSlibKey(keyid, "ed25519", "ed25519", {"public": raw_key(pem)})
    assert list(envelope.verify([key], 1)) == [keyid]


def raw_key(pem: str) -> str:
    """The 32 bytes of an Ed25519 key, in hex: the end of its DER form. Source: RFC 8410, section 4."""
    return base64.b64decode("".join(pem.splitlines()[1:-1]))[-32:].hex()


ENDINGS = {
    "complete": ("```sh\ntrue\n```", 0),
    "failed": ("- FAIL STOP\n\n```sh\nfalse\n```", 1),
    "denied": ("```sh\necho x | tac\n```", 3),
    "person-needed": ("Do it by hand.", 5),
}


@pytest.mark.parametrize(("ending", "body", "status"), [(name, *rest) for name, rest in ENDINGS.items()])
def test_every_end_has_its_receipt(ending, body, status, project):
    write(
        project,
        "ends",
        f"---\nshell: {{}}\n---\n# Ends\n\n## 1. Begin\n\n```sh\ntrue\n```\n\n## 2. End\n{body}\n",
    )
    ran = run(project, "ends")
    assert (ran.returncode, receipt(project)["predicate"]["exit_class"]) == (status, ending), ran.stderr
    assert findings(project) == (0, [])


def test_a_step_that_no_sandbox_could_be_made_for_has_its_receipt_too(project):
    write(
        project,
        "gone",
        "# Gone\n\n## 1. Remove\n\n```sh\nmkdir dist/a; rmdir dist/a\n```\n\n## 2. Enter\n\n```sh cwd=dist/a\npwd\n```\n",
    )
    ran = run(project, "gone", "--yes=all", "--allow-run", "rmdir")
    assert (ran.returncode, receipt(project)["predicate"]["exit_class"]) == (4, "no-sandbox"), ran.stderr
    assert findings(project) == (0, [])


def test_a_run_that_was_killed_has_a_receipt_once_it_went_on(project):
    write(project, "long", '# Long\n\n## 1. Wait\n\n```sh\n: > "$RD_WORK_PATH/on"; sleep 600\n```\n')
    with Running(project, "run", "long.runbook.md", "--non-interactive") as running:
        running.wait_for((project / ".rundown/work/on").exists, "step")
        running.kill()
    refused = rundown(project, "verify")
    assert (refused.returncode, "error[record/no-receipt]" in refused.stderr) == (6, True), refused.stderr
    assert rundown(project, "resume", "--non-interactive").returncode == 5
    assert findings(project) == (0, [])


def test_a_receipt_grows_with_its_run(project):
    write(
        project,
        "asks",
        "# Asks\n\n## 1. Begin\n\n```sh\ntrue\n```\n\n## 2. Turn\n\n```sh\necho x | tac\n```\n",
    )
    assert run(project, "asks").returncode == 3
    first = receipt(project)["predicate"]
    assert rundown(project, "resume", "--non-interactive", "--allow-run", "tac").returncode == 0
    second = receipt(project)["predicate"]
    assert (first["status"], second["status"]) == ("paused", "completed")
    assert second["log"]["count"] > first["log"]["count"]
    assert (second["disclosures"], findings(project)) == (["software-key", "resumed"], (0, []))


def test_a_part_of_a_run_has_a_receipt_of_its_own(project):
    write(project, "outer", "# Outer\n\n## 1. Both\n\n- writes.runbook.md\n")
    assert run(project, "outer").returncode == 0
    runs = [path.name for path in (project / ".rundown/runs").iterdir()]
    assert [findings(project, name) for name in runs] == [(0, [])] * 2


# --- what is found -------------------------------------------------------------------------------


def edit(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new", "found"),
    [
        ("events.jsonl", b'"result":"pass"', b'"result":"fail"', "record/chain-broken"),
        ("contract.json", b'"isolation":"default"', b'"isolation":"strict"', "record/chain-broken"),
        ("output/1.1.diff", b"+hello", b"+howdy", "record/file-differs"),
        ("receipt.json", b'"sig":"', b'"sig":"A', "record/envelope"),
    ],
)
def test_whatever_is_changed_is_found_and_named(name, old, new, found, project):
    assert run(project, "writes").returncode == 0
    edit(only_run(project) / name, old, new)
    status, codes = findings(project)
    assert (status, found in codes) == (6, True), codes
    told = rundown(project, "verify")
    assert (told.returncode, f"error[{found}]" in told.stderr, told.stdout) == (6, True, ""), told.stderr


def test_an_output_that_is_gone_is_found(project):
    assert run(project, "writes").returncode == 0
    (only_run(project) / "output/1.1.log").unlink()
    assert findings(project) == (6, ["record/file-differs"])


def test_a_receipt_of_another_key_does_not_hold_whoever_it_says_signed_it(project):
    assert run(project, "writes", RUNDOWN_SIGNING_KEY=SEED).returncode == 0
    other = rundown(project, "keys", "export", environment={"RUNDOWN_SIGNING_KEY": SEED})
    (project / "other.pub").write_text(other.stdout)
    own = rundown(project, "keys", "export")
    (project / "own.pub").write_text(own.stdout)
    (project / "team.pub").write_text(own.stdout + other.stdout)
    assert findings(project, "--key", "own.pub") == (6, ["record/signature"])
    assert findings(project, "--key", "other.pub") == (0, [])
    assert findings(project, "--trusted-keys", "team.pub") == (0, [])


def test_without_a_key_to_trust_nothing_is_verified(project):
    assert run(project, "writes", RUNDOWN_SIGNING_KEY=SEED).returncode == 0
    refused = rundown(project, "verify")
    assert (refused.returncode, "error[cli/no-trusted-key]" in refused.stderr) == (2, True), refused.stderr
    assert not (config(project) / "signing-key.pem").exists()


def test_a_receipt_is_verified_alone_and_says_that_the_log_was_not(project, tmp_path):
    assert run(project, "writes").returncode == 0
    alone = tmp_path / "sent.json"
    alone.write_bytes(receipt_path(project).read_bytes())
    shown = rundown(project, "verify", alone)
    assert (shown.returncode, "log        not looked at" in shown.stdout) == (0, True), shown.stdout
    with_log = rundown(project, "verify", alone, "--log", only_run(project) / "events.jsonl", "--json")
    assert (with_log.returncode, json.loads(with_log.stdout)["log_checked"]) == (0, True)
    assert findings(project, str(only_run(project))) == (0, [])


@pytest.mark.parametrize(
    "words", [["nothing.json"], ["--key", "nothing.pub"], ["--key", "README.md"]], ids=" ".join
)
def test_what_cannot_be_read_is_told_without_a_traceback(words, project):
    (project / "README.md").write_text("# No key\n")
    assert run(project, "writes").returncode == 0
    refused = rundown(project, "verify", *words)
    assert (refused.returncode, "error[" in refused.stderr) == (2, True), refused.stderr
    assert "Traceback" not in refused.stderr


# --- when there can be none ----------------------------------------------------------------------


@pytest.mark.parametrize(("text", "status"), [("true", 0), ("false", 1)])
def test_a_key_that_is_none_is_a_warning_and_changes_nothing_else(text, status, project):
    write(project, "ends", f"# Ends\n\n## 1. End\n- FAIL STOP\n\n```sh\n{text}\n```\n")
    ran = run(project, "ends", RUNDOWN_SIGNING_KEY="no key at all")
    assert (ran.returncode, ran.stderr.count("warning[session/no-receipt]")) == (status, 1), ran.stderr
    assert ("no key at all" in ran.stderr, "Traceback" in ran.stderr, "receipt:" in ran.stdout) == (
        False,
    ) * 3
    assert not receipt_path(project).exists()


def test_a_key_that_cannot_be_made_is_a_warning_and_changes_nothing_else(project):
    config(project).parent.mkdir(parents=True)
    config(project).write_text("in the way of the folder")
    ran = run(project, "writes")
    assert (ran.returncode, ran.stderr.count("warning[session/no-receipt]")) == (0, 1), ran.stderr


def test_a_configuration_that_cannot_be_entered_is_a_warning(project):
    config(project).parent.mkdir(parents=True)
    config(project).symlink_to("rundown")
    ran = run(project, "writes")
    assert (ran.returncode, ran.stderr.count("warning[session/no-receipt]")) == (0, 1), ran.stderr


def test_a_key_that_others_can_read_is_not_used(project):
    assert rundown(project, "keys", "export").returncode == 0
    (config(project) / "signing-key.pem").chmod(0o644)
    ran = run(project, "writes")
    assert (ran.returncode, "is not yours alone" in ran.stderr) == (0, True), ran.stderr
    assert not receipt_path(project).exists()


# --- the key is nobody's but rundown's -----------------------------------------------------------

LOOK = """# Look

## 1. Into a child

- inner.runbook.md

## 2. Look
- PASS CONTINUE
- FAIL STOP

```sh
python3 -c '
import os, sys
place = sys.argv[1]
print("listed", sorted(os.listdir(place)))
print("variable", os.environ.get("RUNDOWN_SIGNING_KEY"))
try:
    print("content", open(place + "/signing-key.pem").read())
except OSError as error:
    print("refused", type(error).__name__)
' "$HOME/.config/rundown"
```
"""


@pytest.mark.parametrize("environment", [{}, {"RUNDOWN_SIGNING_KEY": SEED}], ids=["file", "variable"])
def test_no_step_sees_the_key_even_where_its_folder_and_all_variables_are_allowed(environment, project):
    write(project, "look", LOOK)
    write(project, "inner", "# Inner\n\n## 1. Do\n\n```sh\ntrue\n```\n")
    if environment:
        assert rundown(project, "keys", "export").returncode == 0
    words = ("--allow-read", "~/.config,~/.config/**", "--allow-env", "*", "--yes=all")
    ran = run(project, "look", *words, **environment)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.splitlines().count("variable None") == 1
    assert "refused PermissionError" in ran.stdout.splitlines()


def test_a_step_that_names_the_key_is_denied_whatever_is_allowed(project):
    key = config(project) / "signing-key.pem"
    write(project, "names", f"# Names\n\n## 1. Read\n\n```sh\nnl < {key}\n```\n")
    ran = run(project, "names", "--allow-read", str(key), "--yes=all", "--allow-run", "nl")
    assert (ran.returncode, "rundown's keys" in ran.stderr) == (3, True), ran.stdout + ran.stderr


def test_a_command_that_records_nothing_does_not_load_what_signs(project):
    script = (
        "import sys; from rundown.cli.main import main; sys.argv[1:] = ['exec', '--', 'true']; status = main();"
        "print(status, sorted({'cryptography'} & sys.modules.keys()))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project,
        env=bare_environment(project),
        capture_output=True,
        text=True,
    )
    assert ran.stdout == "0 []\n", ran.stderr
    assert not os.path.exists(config(project))
