"""What a step did against policy is undone when it has ended, unless it ran unconfined by the person's wish."""

import os
from pathlib import Path

import pytest

from rundown.model.policy import Envelope
from rundown.model.request import Capability
from rundown.sandbox.late import DeniedNames
from rundown.sandbox.settings import ViewSettings
from rundown.session.guarding import StepGuard
from rundown.session.lasting import LastingGrants
from tests.support.kernel import deny


@pytest.fixture
def root(tmp_path):
    made = Path(os.path.realpath(tmp_path)) / "project"
    (made / "dist").mkdir(parents=True)
    (made / "config").write_text("[core]\n\tbare = false\n")
    return made


def _settle(root, *, confines: bool = True, host: tuple[str, ...] = ()):
    envelope = Envelope(
        write_allow=(f"{root}/**",),
        write_deny=(deny("**/.env", Capability.WRITE),),
        compare=(f"{root}/config",),
        host=host,
    )
    view = ViewSettings(root=str(root), home=str(root.parent / "home"))
    guard = StepGuard(DeniedNames(), view, root / ".rundown/runs/1/quarantine", confines=confines)
    guard.begin(envelope)
    (root / "dist/.env").write_text("late")
    (root / ".rundown/runs/2").mkdir(parents=True)
    (root / ".rundown/runs/2/.env").write_text("of another run")
    with open(root / "config", "a") as file:
        file.write("\tpager = evil\n")
    return list(guard.settle()), list(guard.settle())


def test_both_kinds_are_undone_and_told_once_and_records_are_left_alone(root):
    first, again = _settle(root)
    told = [(item.resource, item.action, item.pauses) for item in first]
    assert told == [
        (f"{root}/config: core.pager", "put back", False),
        (f"{root}/dist/.env", f"moved to {root}/.rundown/runs/1/quarantine/0000-.env", True),
    ]
    assert (again, (root / "dist/.env").exists(), (root / ".rundown/runs/2/.env").exists()) == (
        [],
        False,
        True,
    )


@pytest.mark.parametrize(
    "unconfined", [{"confines": False}, {"host": ("unconfined",)}], ids=["invocation", "step"]
)
def test_nothing_is_undone_of_what_ran_unconfined_by_wish(root, unconfined):
    first, _ = _settle(root, **unconfined)
    assert (first, (root / "dist/.env").read_text(), "evil" in (root / "config").read_text()) == (
        [],
        "late",
        True,
    )


def test_the_projects_document_is_not_written_while_a_step_could_write_it_too(root):
    document, lasting = root / ".rundownrc.yaml", LastingGrants()
    envelope = Envelope(write_allow=(f"{root}/**",), protect=(str(document),))
    view = ViewSettings(root=str(root), home=str(root.parent / "home"))
    guard = StepGuard(DeniedNames(), view, root / ".rundown/runs/1/quarantine", lasting=lasting)
    guard.begin(envelope)
    lasting.write(lambda: document.write_text("grants: []\n"))  # a person allows something for good
    assert (document.exists(), list(guard.settle())) == (False, [])
    guard.begin(envelope)
    assert (document.read_text(), list(guard.settle())) == ("grants: []\n", [])
