"""What rundown was started in: gathered once by the front end, handed down as a value."""

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

OFF = frozenset({"", "0", "false", "no", "off"})


class Surroundings(Struct, frozen=True, kw_only=True):
    """`environ` is the whole environment; `state`, `config` and `cache` are rundown's own directories.

    `now_ns` is the clock: nanoseconds since the epoch. `has_terminal`: a controlling terminal can be
    opened and drawn on. `stdout_terminal`: what steps print goes to one. `executable_dirs`: where the
    `rundown` command itself lies; `package`: its own code, which steps that call it must read.
    """

    environ: Mapping[str, str]
    cwd: Path
    home: Path
    state: Path
    config: Path
    cache: Path
    system_policy: Path
    now_ns: Callable[[], int]
    has_terminal: bool
    stdout_terminal: bool
    executable_dirs: tuple[str, ...] = ()
    package: str = ""

    def is_interactive(self, *, non_interactive: bool, interactive: bool) -> bool:
        """Whether a person can be asked. CI says no, `--interactive` overrules it."""
        if non_interactive or not self.has_terminal:
            return False
        return interactive or self.environ.get("CI", "").lower() in OFF
