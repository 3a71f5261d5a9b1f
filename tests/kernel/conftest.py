"""Each kernel test runs twice: as root and as an ordinary user."""

import os
from collections.abc import Iterator

import pytest

from tests.support.internet import Internet, require_internet
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


@pytest.fixture(scope="session", params=["root", "ordinary"])
def internet(request: pytest.FixtureRequest) -> Iterator[Internet]:
    """Hosts with names and addresses, in which that identity runs rundown."""
    if request.param == "root" and os.geteuid() != 0:
        pytest.skip("not root")
    require_internet()
    made = Internet(request.param)
    yield made
    made.close()


@pytest.fixture
def world(driver: Driver) -> Iterator[World]:
    """Files of that identity."""
    made = World(driver)
    yield made
    made.remove()
