"""What a desk keeps out of every step's reach, whatever the policy says."""

import time
from pathlib import Path

import pytest

from rundown.model.policy import Grant
from rundown.model.receipt import KEY_FILE
from rundown.model.request import Capability, Operation
from rundown.session.desk import open_desk
from rundown.session.surroundings import Surroundings
from rundown.session.wish import Wish
from rundown.session.workspace import LiveWorkspace


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    for name in ("home/dotfiles/rundown", "project/.rundown", "state", "cache"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "home/.config").symlink_to("dotfiles")
    return Surroundings(
        environ={"PATH": "/usr/bin:/bin"},
        cwd=tmp_path / "project",
        home=tmp_path / "home",
        state=tmp_path / "state",
        config=tmp_path / "home/.config/rundown",
        cache=tmp_path / "cache",
        system_policy=tmp_path / "none.yaml",
        now_ns=time.time_ns,
        has_terminal=False,
        stdout_terminal=False,
    )


def off_limits(around: Surroundings, runs_dir: Path | None = None) -> list[str]:
    """What no step may touch, below the test's own folder."""
    desk = open_desk(Wish(runs_dir=runs_dir), around, None)
    return [str(Path(place).relative_to(around.home.parent)) for place in desk.facts.off_limits]


def test_key_trust_and_records_are_off_limits_by_each_of_their_names(around: Surroundings) -> None:
    assert off_limits(around) == [
        f"home/.config/rundown/{KEY_FILE}",
        f"home/dotfiles/rundown/{KEY_FILE}",
        "state/trust.json",
        "state/runs",
        "state/grants",
        "state/withdrawn",
        "project/.rundown/runs",
    ]


def test_records_in_a_place_of_their_own_are_off_limits_too(around: Surroundings) -> None:
    assert off_limits(around, Path("kept/records"))[-1] == "project/kept/records"


def test_a_name_is_safe_only_while_no_grant_lets_a_step_replace_it(around: Surroundings) -> None:
    desk = open_desk(Wish(), around, None)
    grants: list[Grant] = []
    live = LiveWorkspace(desk.workspace_under, lambda: tuple(grants))
    wanted = Operation(capability=Capability.RUN, resource="ls")
    before = live.resolve(wanted, desk.project.root).safe_path
    grants.append(Grant(capability=Capability.WRITE, pattern="/usr/bin/**"))
    assert (before, live.resolve(wanted, desk.project.root).safe_path) == (True, False)


def test_a_project_is_not_off_limits_where_records_lie_all_over_it(around: Surroundings) -> None:
    assert off_limits(around, Path("."))[-1] == "project/.rundown/runs"
