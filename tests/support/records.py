"""Contracts, bodies and run directories for tests of the record."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from hypothesis import strategies as st
from msgspec import Struct

from rundown.model.contract import Contract
from rundown.model.event import (
    Body,
    KnownBody,
    OutputCaptured,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
)
from rundown.model.sandbox import HostFacts
from rundown.record.place import RunsPlace
from rundown.record.rundir import RunDirectory

START_NS = 1_790_000_000_000_000_000
HOST = HostFacts(
    kernel="6.1",
    machine="x86_64",
    uid=1000,
    gid=1000,
    landlock_abi=4,
    seccomp=True,
    user_namespaces=True,
    namespaces_as_root=False,
    proc_mount=True,
    cgroup="v2",
)


class TickingClock:
    """A clock of nanoseconds that goes on by one millisecond a look."""

    def __init__(self, start_ns: int = START_NS) -> None:
        self._times = itertools.count(start_ns, 1_000_000)

    def __call__(self) -> int:
        return next(self._times)


def a_contract(run_id: str = "r", root: str = "/project", **changes: object) -> Contract:
    fields: dict[str, object] = {
        "run_id": run_id,
        "at": "2026-09-21T13:33:20.000000Z",
        "root": root,
        "rundown_version": "1.0",
        "runbook_file": "deploy.runbook.md",
        "runbook_digest": "sha256:" + "1" * 64,
        "policy_digest": "sha256:" + "2" * 64,
        "host": HOST,
    }
    return Contract(**(fields | changes))  # type: ignore[arg-type]


def a_place(folder: Path) -> RunsPlace:
    """A project and a state home below `folder`, both of them there."""
    for name in ("project", "state"):
        (folder / name).mkdir(exist_ok=True)
    return RunsPlace(root=folder / "project", state_home=folder / "state")


def a_run(folder: Path, now_ns: int = START_NS) -> RunDirectory:
    return RunDirectory.create(a_place(folder), now_ns=now_ns)


def some_bodies(run_id: str = "r") -> tuple[Body, ...]:
    """A short run, from start to end."""
    return (
        RunStarted(
            run_id=run_id,
            runbook_file="deploy.runbook.md",
            runbook_digest="sha256:" + "1" * 64,
            root="/project",
            rundown_version="1.0",
            inputs={"who": '"wörld\\n"'},
        ),
        StepStarted(step="1", title="Build"),
        OutputCaptured(position="1", name="version", value='"1.2.3"'),
        StepFinished(step="1", result="pass", reported_by="process"),
        StepStarted(step="2", title="Deploy"),
        StepFinished(step="2", result="fail", reported_by="process", note="exit 1"),
        RunFinished(status="stopped", message="no"),
    )


_TEXT = st.text(max_size=12)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=5,
)


def known_bodies() -> st.SearchStrategy[Struct]:
    """Any body of any known type, every field of it drawn."""
    return st.one_of(
        [st.builds(kind, **dict.fromkeys(kind.__struct_fields__, ...)) for kind in get_args(KnownBody)]
    )


def unknown_objects() -> st.SearchStrategy[dict[str, object]]:
    """JSON objects of types that nobody knows."""
    names = st.from_regex(r"\AX[A-Za-z]{1,8}\Z")
    return st.builds(
        lambda name, rest: {**rest, "type": name}, names, st.dictionaries(_TEXT, _JSON, max_size=4)
    )


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder in memory where there is one, for tests that sync thousands of times to look at something else."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as name:
        yield Path(name)
