"""Which runs of a list are meant."""

from pathlib import Path

import pytest

from rundown.record.choosing import Chosen
from rundown.record.listing import RunEntry


def entry(run_id: str, **facts: object) -> RunEntry:
    return RunEntry(run_id=run_id, path=Path(), **facts)  # type: ignore[arg-type]


RUNS = (
    entry(
        "a",
        state="paused",
        reason="denied",
        runbook_file="deploy/eu.runbook.md",
        started_at="2026-01-03T00:00:00Z",
    ),
    entry(
        "b",
        state="paused",
        reason="waiting",
        runbook_file="deploy/us.runbook.md",
        started_at="2026-01-02T00:00:00Z",
    ),
    entry(
        "c",
        state="stopped",
        runbook_file="check.runbook.md",
        started_at="2026-01-01T00:00:00Z",
        parent_run="b",
    ),
)


@pytest.mark.parametrize(
    ("chosen", "meant"),
    [
        (Chosen(), "abc"),
        (Chosen(states=("paused",)), "ab"),
        (Chosen(states=("denied", "stopped")), "ac"),
        (Chosen(states=("active",)), ""),
        (Chosen(runbook="deploy"), "ab"),
        (Chosen(runbook="deploy/*.md"), "ab"),
        (Chosen(runbook="*us*"), "b"),
        (Chosen(since="2026-01-02T00:00:00Z"), "ab"),
        (Chosen(before="2026-01-02T00:00:00Z"), "c"),
        (Chosen(since="2026-01-02T00:00:00Z", before="2026-01-03T00:00:00Z"), "b"),
        (Chosen(parts=False), "ab"),
        (Chosen(states=("paused",), runbook="us", parts=False), "b"),
    ],
)
def test_what_is_named_must_be_true_and_all_of_it(chosen: Chosen, meant: str) -> None:
    assert "".join(run.run_id for run in chosen.among(RUNS)) == meant
