"""Attempts, one by one: each names what must be found, and none may be found less of than a real shell starts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rundown.model.request import Capability, Operation
from rundown.shell.extract import extract
from tests.unit.shell.realshell import RealShell, missed

_FILES = sorted((Path(__file__).parent / "corpus").glob("*.yaml"))
_ATTEMPTS = [
    pytest.param(attempt, id=f"{file.stem}-{number}")
    for file in _FILES
    for number, attempt in enumerate(yaml.safe_load(file.read_text()), 1)
]
_FIELDS = {"env": Capability.ENV, "net": Capability.NET, "read": Capability.READ, "write": Capability.WRITE}
_OPEN = ("dynamic", "unparseable")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealShell]:
    room = tmp_path_factory.mktemp("corpus")
    room.chmod(0o777)
    yield RealShell(room)


def _started(operations: tuple[Operation, ...]) -> list[Operation]:
    return [operation for operation in operations if operation.capability is Capability.RUN]


@pytest.mark.parametrize("attempt", _ATTEMPTS)
def test_an_attempt_is_seen(attempt: dict[str, Any]) -> None:
    found = extract(attempt["text"], attempt.get("dialect", "bash")).operations
    started = _started(found)
    kinds = {operation.kind for operation in started}
    if attempt.get("plain"):
        assert kinds & set(_OPEN) == set()
    if attempt.get("dynamic") or attempt.get("unparseable"):
        assert kinds & set(_OPEN) != set()
    if "kind" in attempt:
        assert started[0].kind == attempt["kind"]
    if kinds & set(_OPEN) == set():
        names = {operation.resource.rpartition("/")[2] for operation in started}
        assert set(attempt.get("runs", ())) <= names
        if attempt.get("plain"):
            assert names == set(attempt["runs"])


@pytest.mark.parametrize("attempt", [item for item in _ATTEMPTS if set(item.values[0]) & set(_FIELDS)])
def test_what_an_attempt_touches_is_seen(attempt: dict[str, Any]) -> None:
    found = extract(attempt["text"], attempt.get("dialect", "bash")).operations
    expected = {
        (capability, name) for field, capability in _FIELDS.items() for name in attempt.get(field, ())
    }
    touched = {(item.capability, item.resource) for item in found if item.capability is not Capability.RUN}
    assert (
        touched & {(item, name) for item, name in touched if item in {part for part, _ in expected}}
        == expected
    )


@pytest.mark.parametrize(
    "attempt",
    [item for item in _ATTEMPTS if "/" not in item.values[0]["text"] and "\0" not in item.values[0]["text"]],
)
def test_no_attempt_starts_more_in_a_real_shell(shell: RealShell, attempt: dict[str, Any]) -> None:
    assert missed(shell, attempt["text"], attempt.get("dialect", "bash")) == set()
