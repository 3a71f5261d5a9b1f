"""`open_room`: the launcher that fits this host. Both run planned steps and are interrupted alike."""

from rundown.model.sandbox import HostFacts
from rundown.sandbox.launcher import GRACE_NS, Launcher
from rundown.sandbox.seatbelt_launcher import SeatbeltLauncher


def open_room(
    host: HostFacts, *, tmp_bytes: int | None = None, grace_ns: int = GRACE_NS, scope: tuple[str, ...] = ()
) -> Launcher:
    """Returns a launcher to be entered; arguments as `Launcher` takes them."""
    if host.seatbelt:
        return SeatbeltLauncher(host, tmp_bytes=tmp_bytes, grace_ns=grace_ns)
    return Launcher(host, tmp_bytes=tmp_bytes, grace_ns=grace_ns, scope=scope)
