"""Each kernel test runs twice: as root and as an ordinary user."""

import os
from collections.abc import Iterator

import pytest

from tests.support.kernel import Driver, World, require_kernel


@pytest.fixture(scope="session", params=["root", "ordinary"])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """A process of that identity, with one launcher for all tests."""
    if request.param == "root" and os.geteuid() != 0:
        pytest.skip("not root")
    started = Driver(request.param)
    require_kernel(started.facts)
    yield started
    started.close()


@pytest.fixture
def world(driver: Driver) -> Iterator[World]:
    """Files of that identity."""
    made = World(driver)
    yield made
    made.remove()
