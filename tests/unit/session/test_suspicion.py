"""A step that fails with a kernel refusal is no riddle: what its output names is explained by policy."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.model.event import RefusalSuspected
from rundown.model.policy import Allowed, Envelope
from rundown.model.sandbox import ProcessResult
from rundown.session.permissions import Permissions
from rundown.session.request import Place, freeze_nothing
from rundown.session.suspicion import Suspicion
from tests.support.bench import Bench, Judged
from tests.support.fakes import PlainWorkspace, ScriptedLauncher, ScriptedPrompter
from tests.support.policies import flags, rules

FAILED = ProcessResult(ending="exited", status=1, duration_ns=1)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory that is not the run's `{tmp}`, which policy opens."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as made:
        yield Path(os.path.realpath(made))


@pytest.fixture
def explain(folder):
    permissions = Permissions(Judged(rules()), ScriptedPrompter(), lambda envelope: ())

    def run(output: str, **envelope) -> tuple[RefusalSuspected, ...]:
        request = freeze_nothing(Place(run_id="r", position="1", attempt=1, cwd=str(folder)))
        allowed = Allowed(request=request, rulings=(), envelope=Envelope(**envelope))
        return Suspicion(permissions, PlainWorkspace()).explain(allowed, output.encode())

    return run


def test_a_path_that_no_rule_opens_is_explained_with_flag_and_line(explain, folder):
    (folder / "data").write_text("")
    (found,) = explain(f"cat: {folder}/data: No such file or directory\n")
    assert (found.position, found.capability, found.resource) == ("1", "read", f"{folder}/data")
    assert (found.flag, found.yaml) == (
        f"--allow-read {folder}/data",
        f"default: {{read: {{allow: [{folder}/data]}}}}",
    )


def test_a_path_that_exists_nowhere_is_no_refusal(explain, folder):
    assert explain(f"cat: {folder}/nothing: No such file or directory\n") == ()


def test_a_file_to_be_made_is_explained_as_a_write(explain, folder):
    (found,) = explain("touch: cannot touch 'new': Read-only file system\n")
    assert (found.capability, found.resource) == ("write", f"{folder}/new")
    assert found.why == "new does not exist yet, and making a file needs its directory"
    assert found.flag == f"--allow-write '{folder}/**'"
    assert found.yaml == f'default: {{write: {{allow: ["{folder}/**"]}}}}'


def test_a_file_that_is_there_is_opened_by_itself(explain, folder):
    (folder / "old").write_text("")
    (found,) = explain("touch: cannot touch 'old': Read-only file system\n")
    assert found.flag == f"--allow-write {folder}/old"


def test_a_file_that_policy_names_and_that_was_not_there_needs_its_directory(folder):
    permissions = Permissions(
        Judged(rules(flags=flags(f"--allow-write {folder}/a.lock"))), ScriptedPrompter(), lambda envelope: ()
    )
    request = freeze_nothing(Place(run_id="r", position="1", attempt=1, cwd=str(folder)))
    allowed = Allowed(request=request, rulings=(), envelope=Envelope(write_allow=(f"{folder}/a.lock",)))
    (found,) = Suspicion(permissions, PlainWorkspace()).explain(
        allowed, b"error: cannot open 'a.lock': Read-only file system"
    )
    assert found.why == "a.lock does not exist yet, and making a file needs its directory"
    assert (found.flag, found.yaml) == (
        f"--allow-write '{folder}/**'",
        f'default: {{write: {{allow: ["{folder}/**"]}}}}',
    )


def test_a_tree_that_policy_opens_and_that_was_not_there_is_explained(folder):
    permissions = Permissions(
        Judged(rules(flags=flags(f"--allow-write {folder}/dist/**"))), ScriptedPrompter(), lambda envelope: ()
    )
    request = freeze_nothing(Place(run_id="r", position="1", attempt=1, cwd=str(folder)))
    allowed = Allowed(request=request, rulings=(), envelope=Envelope(write_allow=(f"{folder}/dist/**",)))
    suspicion = Suspicion(permissions, PlainWorkspace(), root=os.path.dirname(folder))
    (found,) = suspicion.explain(allowed, b"mkdir: cannot create directory 'dist': Read-only file system")
    assert (found.resource, found.flag) == (f"{folder}/dist", f"--allow-write '{folder}/dist/**'")
    # Below the root, whatever directory the step runs in.
    assert found.yaml == f'default: {{write: {{allow: ["{{repo}}/{folder.name}/dist/**"]}}}}'


def test_the_shell_that_reports_a_refusal_is_no_suspect(folder):
    permissions = Permissions(Judged(rules()), ScriptedPrompter(), lambda envelope: ())
    request = freeze_nothing(Place(run_id="r", position="1", attempt=1, cwd=str(folder)))
    request = replace(request, argv=("/usr/bin/sh", "-c", "echo a > new"))
    allowed = Allowed(request=request, rulings=(), envelope=Envelope())
    found = Suspicion(permissions, PlainWorkspace()).explain(
        allowed, b"/usr/bin/sh: 1: cannot create new: Read-only file system"
    )
    assert [item.resource for item in found] == [f"{folder}/new"]


def test_not_more_than_five_are_told_each_once(explain, folder):
    for number in range(9):
        (folder / f"f{number}").write_text("")
    output = "".join(f"cat: {folder}/f{number}: Permission denied\n" * 2 for number in range(9))
    found = explain(output)
    assert [item.resource for item in found] == [f"{folder}/f{number}" for number in (8, 7, 6, 5, 4)]


def test_a_file_of_the_hosts_tmp_is_told_of_the_steps_own(explain, tmp_path):
    (tmp_path / "data").write_text("")
    (found,) = explain(f"cat: {tmp_path}/data: No such file or directory\n")
    assert (found.capability, found.flag, "its own" in found.why or "of its own" in found.why) == (
        "read", f"--allow-read {tmp_path}/data", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('sudo: The "no new privileges" flag is set\n', "no privileges are gained"),
        ("strace: ptrace(PTRACE_TRACEME, ...): Operation not permitted\n", "debuggers, tracers"),
        ("bwrap: Creating new namespace failed: Operation not permitted\n", "no sandbox is made inside"),
    ],
)
def test_what_no_sandbox_gives_is_told_of_with_the_host_word(explain, line, why):
    (found,) = explain(line)
    assert (found.capability, found.flag, why in found.why) == ("host", "--allow-host unconfined", True)


def test_an_unconfined_step_is_not_explained(explain, folder):
    (folder / "data").write_text("")
    assert explain(f"cat: {folder}/data: Permission denied\n", host=("unconfined",)) == ()


def test_a_failed_step_puts_its_likely_reasons_on_record_and_a_passed_one_does_not(folder: Path) -> None:
    (folder / "data").write_text("")
    prints = (("stderr", f"cat: {folder}/data: Permission denied\n".encode()),)
    text = "```sh\ngit status\n```\n"
    failed = Bench(text, folder, launcher=ScriptedLauncher([FAILED], prints=prints)).execute()
    passed = Bench(
        text, folder, launcher=ScriptedLauncher([replace(FAILED, status=0)], prints=prints)
    ).execute()
    kinds = [[type(body).__name__ for body in bodies[2:]] for bodies in (failed, passed)]
    assert kinds == [["ProcessEnded", "RefusalSuspected", "StepFinished"], ["ProcessEnded", "StepFinished"]]
