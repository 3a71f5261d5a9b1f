"""What a `rundown` of a test was started in."""

import os
from collections.abc import Mapping
from pathlib import Path

from rundown.session.surroundings import Surroundings


def surroundings(home: Path, *, environ: Mapping[str, str] | None = None) -> Surroundings:
    """Returns surroundings whose every place lies below `home`; nobody can be asked."""
    return Surroundings(
        environ=dict(os.environ) if environ is None else environ,
        cwd=home,
        home=home,
        state=home / "state",
        config=home / "config",
        cache=home / "cache",
        system_policy=home / "etc/policy.yaml",
        now_ns=lambda: 1_900_000_000_000_000_000,
        has_terminal=False,
        stdout_terminal=False,
    )
