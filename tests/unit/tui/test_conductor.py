"""The conductor alone: what it goes on with when the screen is gone."""

import pytest

from rundown.tui.conductor import Conductor, Errand
from tests.support.tui import manner, opened


@pytest.fixture
def conductor(tmp_path):
    return Conductor(Errand(manner=manner(tmp_path), opened=opened(tmp_path)), lambda message: None)
