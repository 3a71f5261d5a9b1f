"""Whatever a real shell starts was promised, or the extraction said that it does not know."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.unit.shell.realshell import RealShell, missed
from tests.unit.shell.texts import texts

EXAMPLES = int(os.environ.get("RUNDOWN_SHELL_EXAMPLES", "150"))
_MODEST = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealShell]:
    room: Path = tmp_path_factory.mktemp("shell")
    room.chmod(0o777)
    yield RealShell(room)


@_MODEST
@given(text=texts)
def test_everything_bash_starts_was_promised(shell: RealShell, text: str) -> None:
    assert missed(shell, text, "bash") == set()


@_MODEST
@given(text=texts)
def test_everything_dash_starts_was_promised(shell: RealShell, text: str) -> None:
    assert missed(shell, text, "sh") == set()
