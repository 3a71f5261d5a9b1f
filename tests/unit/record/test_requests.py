import pytest
from msgspec.structs import replace

from rundown.model.event import Body, DecisionMade, Event, LaunchRequested, ProcessEnded
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import ProcessResult
from rundown.record.requests import check_requests

REQUEST = ExecutionRequest(
    run_id="r",
    position="1",
    attempt=1,
    kind="sh",
    text="make\n",
    argv=("/bin/sh", "-c", "make\n"),
    cwd="/p",
    env_names=(),
    operations=(),
)
OTHER = "sha256:" + "0" * 64
DECIDED = DecisionMade(request=REQUEST.digest, position="1", outcome="allow", rulings=(), frozen=REQUEST)
LAUNCHED = LaunchRequested(request=REQUEST.digest, position="1", plan="sha256:1")
ENDED = ProcessEnded(
    request=REQUEST.digest,
    position="1",
    result=ProcessResult(ending="exited", status=0, duration_ns=1),
    output="output/1.1.log",
    output_digest="sha256:2",
)


def found_at(*bodies: Body) -> list[int | None]:
    events = [Event(seq=seq, at="", prev="", body=body) for seq, body in enumerate(bodies)]
    return [finding.seq for finding in check_requests(events)]


def test_one_request_all_the_way_is_fine() -> None:
    asked = replace(DECIDED, outcome="ask")
    answered = replace(DECIDED, frozen=None)
    assert found_at(asked, answered, LAUNCHED, ENDED, DECIDED, LAUNCHED, ENDED) == []


@pytest.mark.parametrize("field", ["run_id", "position", "text", "cwd"])
def test_a_request_beside_a_decision_with_one_byte_changed_is_noticed(field: str) -> None:
    changed = replace(REQUEST, **{field: getattr(REQUEST, field) + " "})
    assert found_at(replace(DECIDED, frozen=changed)) == [0]


@pytest.mark.parametrize(
    ("bodies", "places"),
    [
        ((LAUNCHED,), [0]),
        ((replace(DECIDED, outcome="deny"), LAUNCHED), [1]),
        ((replace(DECIDED, outcome="ask"), LAUNCHED), [1]),
        ((DECIDED, replace(LAUNCHED, request=OTHER)), [1]),
        ((DECIDED, LAUNCHED, replace(ENDED, request=OTHER)), [2]),
        ((DECIDED, ENDED), [1]),
        ((DECIDED, LAUNCHED, ENDED, ENDED), [3]),
    ],
)
def test_what_was_not_allowed_launched_or_is_another_is_noticed(
    bodies: tuple[Body, ...], places: list[int]
) -> None:
    assert found_at(*bodies) == places


def test_a_redacted_request_cannot_be_checked_and_is_let_pass() -> None:
    redacted = replace(REQUEST, text="curl -H [REDACTED:API_TOKEN]\n")
    assert found_at(replace(DECIDED, frozen=redacted), LAUNCHED, ENDED) == []
