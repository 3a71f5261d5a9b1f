"""What passes between a run and its child: values down, results up, and no secret either way."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.engine.machine import initial
from rundown.engine.state import State
from rundown.model.event import OutputCaptured, RunPaused, StepFinished
from rundown.session.again import report_of
from rundown.session.composition import Family
from rundown.session.handing import hand_up, prepare_child
from rundown.session.library import Document, Opened, parse_document
from rundown.session.run import Ended, Run, Start
from rundown.session.values import inherit
from tests.support.bench import RUN_ID, Bench

PARENT = "# Parent\n\n## 1. One\n\n- child.runbook.md\n"
AT = State(step="1", substep="1", iteration=2)


def opened(front: str = "", text: str = "```sh\ntrue\n```\n") -> Opened:
    head = f"---\n{front}\n---\n" if front else ""
    content = f"{head}# Child\n\n## 1. One\n\n{text}".encode()
    return parse_document(
        Document(file="child.runbook.md", path=Path("/p/child.runbook.md"), content=content)
    )


def run_of(found: Opened, **start: object) -> Run:
    bench = Bench(PARENT, Path("/p"))
    return Run(
        directory=type("Directory", (), {"run_id": RUN_ID})(),
        log=bench.log,  # type: ignore[arg-type]
        course=bench.course,
        opened=found,
        start=Start(**{"values": {}, **start}),  # type: ignore[arg-type]
    )


def ended(**changes: object) -> Ended:
    state = replace(initial(Bench(PARENT, Path("/p")).course), lifecycle="completed")
    base: dict[str, object] = {"run_id": "c", "path": Path("/p"), "state": state}
    return Ended(**(base | changes))  # type: ignore[arg-type]


# --- down -----------------------------------------------------------------------------------------------


def test_a_child_begins_with_its_parents_values_and_not_with_its_place() -> None:
    values = {
        "Name": "x",
        "Key": "secret",
        "Step": "1.1",
        "RunId": "r",
        "RunbookRef": "a",
        "ContextId": "c",
        "context": {"current": {"step": "1", "at": "1.2.1"}, "vars": {"Name": "x"}},
    }
    parent = {"step": "1", "at": "1.2.1", "vars": {"Name": "x"}}
    assert inherit(values, frozenset({"Key"})) == {
        "Name": "x",
        "Key": "secret",
        "context": {"parent": parent, "ancestors": [parent]},
    }


def test_ancestors_are_kept_nearest_first_up_to_a_bound() -> None:
    values: dict[str, object] = {}
    for depth in range(40):
        values = inherit({**values, "Depth": depth, "context": {**values.get("context", {}), "current": {}}})  # type: ignore[dict-item]
    depths = [item["vars"]["Depth"] for item in values["context"]["ancestors"]]  # type: ignore[index]
    assert depths == list(range(39, 7, -1))


def test_a_child_starts_as_its_parent_was_started() -> None:
    run = run_of(
        opened(),
        secret=frozenset({"Key"}),
        prompted=True,
        agent="mock",
        family=Family(run_ids=("r0",), files=("/p/parent.runbook.md",)),
    )
    child = opened("inputs:\n  Key: {}\n  Pin: {secret: true}\n  Size: {default: 3}")
    start = prepare_child(run, child, {"Name": "x", "Key": "s", "Pin": "1"})
    assert isinstance(start, Start)
    assert (start.secret, start.prompted, start.agent, start.context_id, start.family) == (
        frozenset({"Key", "Pin"}),
        True,
        "mock",
        RUN_ID,
        Family(run_ids=("r0", RUN_ID), files=("/p/parent.runbook.md", "/p/child.runbook.md")),
    )
    parent = {"vars": {"Name": "x", "Pin": "1"}}
    assert start.values == {
        "Name": "x",
        "Key": "s",
        "Pin": "1",
        "Size": 3,
        "context": {"parent": parent, "ancestors": [parent]},
    }


@pytest.mark.parametrize(
    ("child", "why"),
    [
        (
            opened("inputs: [Site]\nrequired: [Site]"),
            "child.runbook.md: MISSING_REQUIRED_VARS: input `Site` has no value",
        ),
        (
            opened("inputs:\n  Name: {options: [a, b]}"),
            "child.runbook.md: input Name: `x` is none of its options",
        ),
        (
            opened(text="```agent llm\nDo it.\n```\n"),
            "child.runbook.md: agent kind `llm` is not there yet",
        ),
    ],
)
def test_what_a_child_lacks_is_told_in_words(child: Opened, why: str) -> None:
    assert prepare_child(run_of(opened()), child, {"Name": "x"}) == why


# --- up -------------------------------------------------------------------------------------------------


def test_a_childs_outputs_and_result_become_its_parents() -> None:
    child = run_of(opened("outputs: [Tag, Lost, Never, 'Site \"x\"']"))
    end = ended(message="all well")
    state = replace(
        end.state,
        variables={"Tag": '"1"', "Lost": '"[REDACTED]"', "Site": '"x"', "Other": "1"},
        lost=frozenset({"Lost"}),
    )
    assert list(hand_up(child, replace(end, state=state), AT)) == [
        OutputCaptured(position="1.2.1", name="Site", value='"x"'),
        OutputCaptured(position="1.2.1", name="Tag", value='"1"'),
        StepFinished(step="1", substep="1", iteration=2, result="pass", reported_by="child", note="all well"),
    ]


def test_a_stopped_child_is_a_failure() -> None:
    end = ended()
    stopped = replace(end, state=replace(end.state, lifecycle="stopped"), message="no")
    (only,) = hand_up(run_of(opened()), stopped, AT)
    assert only == StepFinished(
        step="1", substep="1", iteration=2, result="fail", reported_by="child", note="no"
    )


def test_a_paused_child_pauses_its_parent_for_the_same_reason() -> None:
    pause = RunPaused(reason="denied", position="7", detail="run rm")
    assert list(hand_up(run_of(opened()), ended(pause=pause), AT)) == [
        RunPaused(reason="denied", position="1.2.1", detail="in child.runbook.md")
    ]


def test_a_persons_report_is_about_where_the_machine_is() -> None:
    assert report_of(AT, "fail", "no") == StepFinished(
        step="1", substep="1", iteration=2, result="fail", reported_by="person", note="no"
    )
