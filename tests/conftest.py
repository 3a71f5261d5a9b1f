"""Properties are judged by what they find, never by how busy the machine is; workers wait for other processes half
of their time."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "rundown",
    parent=settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("rundown")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Returns what `-n auto` means: half again as many as there are processors."""
    processors = len(os.sched_getaffinity(0))
    return processors + (processors + 1) // 2
