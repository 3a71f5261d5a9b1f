import pytest
from msgspec.structs import replace

from rundown.errors import RundownError
from rundown.model.diagnostic import Span
from rundown.model.policy import Allowed, Envelope
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.model.sandbox import SandboxPlan
from rundown.session.seal import check_seal

REQUEST = ExecutionRequest(
    run_id="r",
    position="1",
    attempt=1,
    kind="sh",
    text="make dist\n",
    argv=("/bin/sh", "-c", "make dist\n"),
    cwd="/project",
    env_names=("CI",),
    operations=(
        Operation(capability=Capability.RUN, resource="make", resolved="/usr/bin/make", span=(0, 4)),
    ),
    span=Span(file="a.md", line=3),
)
PLAN = SandboxPlan(
    request_digest=REQUEST.digest,
    argv=REQUEST.argv,
    cwd=REQUEST.cwd,
    env=(),
    namespaces=(),
    mounts=(),
    landlock=(),
    landlock_abi=0,
    seccomp=True,
)
ALLOWED = Allowed(request=REQUEST, rulings=(), envelope=Envelope())

CHANGES: dict[str, object] = {
    "run_id": "s",
    "position": "2",
    "attempt": 2,
    "kind": "bash",
    "text": "make dist \n",
    "argv": ("/bin/sh", "-c", "make disT\n"),
    "cwd": "/project2",
    "env_names": ("CI", "X"),
    "operations": (replace(REQUEST.operations[0], resolved="/usr/bin/makE"),),
    "span": Span(file="a.md", line=4),
    "interactive": True,
    "host": ("pid",),
    "confirm": "sure?",
    "timeout_ns": 1,
    "bindings": (("__rd_1", "sha256:1"),),
    "references": (('"${__rd_1}"', "{{ name }}"),),
}


def test_one_request_passes() -> None:
    check_seal(REQUEST, ALLOWED, PLAN)


def test_every_field_of_a_request_is_tried() -> None:
    assert set(CHANGES) == set(ExecutionRequest.__struct_fields__)


@pytest.mark.parametrize("field", CHANGES)
def test_a_decision_on_a_request_with_one_field_changed_is_noticed(field: str) -> None:
    other = replace(REQUEST, **{field: CHANGES[field]})
    assert other.digest != REQUEST.digest
    with pytest.raises(RundownError, match="seal-broken"):
        check_seal(REQUEST, replace(ALLOWED, request=other), PLAN)


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, request_digest="sha256:" + "0" * 64),
        replace(PLAN, argv=("/bin/sh", "-c", "make disT\n")),
        replace(PLAN, argv=PLAN.argv[:-1]),
        replace(PLAN, cwd="/"),
    ],
)
def test_a_plan_for_something_else_is_noticed(plan: SandboxPlan) -> None:
    with pytest.raises(RundownError, match="seal-broken"):
        check_seal(REQUEST, ALLOWED, plan)


def test_a_request_changed_behind_its_digest_is_noticed() -> None:
    forged = replace(REQUEST, text="rm -rf /\n")
    forged.__dict__["digest"] = REQUEST.digest
    with pytest.raises(RundownError) as caught:
        check_seal(forged, ALLOWED, PLAN)
    assert caught.value.diagnostics[0].why == "the request was changed after it was frozen"
