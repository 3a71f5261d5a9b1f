"""Properties are judged by what they find, never by how busy the machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "rundown",
    parent=settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("rundown")
