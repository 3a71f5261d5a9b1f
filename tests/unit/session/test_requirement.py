import pytest
from msgspec.structs import replace

from rundown.errors import PolicyDeniedError, SandboxUnavailableError
from rundown.model.sandbox import Gap
from rundown.session.requirement import require_sandbox
from rundown.session.wish import Wish
from tests.support.records import HOST

NOTHING = replace(
    HOST,
    landlock_abi=0,
    seccomp=False,
    user_namespaces=False,
    proc_mount=False,
    cgroup="none",
    problems=(Gap(code="sandbox/no-landlock", message="none", remedy="a newer kernel"),),
)


@pytest.mark.parametrize("wish", ["default", "best", "strict", "none"])
def test_a_full_host_serves_every_wish(wish: str) -> None:
    require_sandbox(HOST, Wish(sandbox=wish), bypass_allowed=True)  # type: ignore[arg-type]


def test_without_any_wall_the_default_refuses_and_best_goes_on() -> None:
    with pytest.raises(SandboxUnavailableError) as caught:
        require_sandbox(NOTHING, Wish(), bypass_allowed=True)
    assert [item.code for item in caught.value.diagnostics] == [
        "session/capability-mismatch",
        "sandbox/none",
    ]
    require_sandbox(NOTHING, Wish(sandbox="best"), bypass_allowed=True)


def test_strict_names_each_missing_piece_with_its_remedy() -> None:
    with pytest.raises(SandboxUnavailableError) as caught:
        require_sandbox(NOTHING, Wish(sandbox="strict"), bypass_allowed=True)
    assert [(item.code, item.fix) for item in caught.value.diagnostics] == [
        ("session/capability-mismatch", ""),
        ("sandbox/no-landlock", "a newer kernel"),
    ]


def test_the_systems_document_can_forbid_unconfined_steps() -> None:
    with pytest.raises(PolicyDeniedError):
        require_sandbox(HOST, Wish(sandbox="none"), bypass_allowed=False)


def test_strict_does_not_want_control_groups_that_no_limit_asks_for() -> None:
    without = replace(HOST, problems=(Gap(code="sandbox/no-cgroup", message="none"),))
    require_sandbox(without, Wish(sandbox="strict"), bypass_allowed=True)
