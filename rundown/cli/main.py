"""The `rundown` command. Imports little here, so that `--version` costs no more than Python itself.

Every way a command can end becomes an exit code here: 0 complete, 1 stopped or failed, 2 usage or an
invalid document, 3 denied, 4 no sandbox, 5 a person is needed, 6 the record does not verify, 130
interrupted. A traceback is shown only with `--debug`.
"""

import gc
import os
import sys
from contextlib import suppress

from rundown import __version__
from rundown.cli.streams import finish_streams, prepare_streams

_ALLOCATIONS = 50_000
"""How many more objects there must be before garbage is looked for: modules are many, and no garbage."""


def main() -> int:
    """Runs the command line; returns the exit code."""
    if refusal := refuse_platform(sys.platform):
        sys.stderr.write(refusal)
        return 4
    words = _words(sys.argv)
    prepare_streams()
    gc.set_threshold(_ALLOCATIONS)
    if words == ["--version"]:
        return _print_version()
    from rundown.cli.group import run_command_line
    from rundown.cli.runner_streams import guard_streams, release_streams

    guard_streams(os.environ)
    try:
        code = run_command_line(words)
        return min(code, 1) if words[:1] == ["concourse"] else code  # Concourse knows no other
    finally:
        with suppress(OSError, ValueError):  # nobody reads it any more
            release_streams()
        gc.freeze()  # the kernel takes all of it back: Python need not look through it three times more


def refuse_platform(platform: str) -> str:
    """Returns what to say where nothing can be confined, "" elsewhere; `platform` as in `sys.platform`."""
    if platform not in ("win32", "cygwin", "msys"):
        return ""
    return (
        "error[sandbox/windows]: rundown does not run on Windows itself: nothing there confines a step\n"
        "  fix: use it in WSL 2: `wsl --install`, then install rundown inside the Linux distribution\n"
    )


def _words(argv: list[str]) -> list[str]:
    """The words of the command line; where it is called as /opt/resource calls a Concourse resource, those of
    the command that answers it."""
    name = argv[0].rpartition("/")[2] if argv else ""
    return ["concourse", name, *argv[1:]] if name in ("check", "in", "out") else argv[1:]


def _print_version() -> int:
    try:
        sys.stdout.write(f"rundown {__version__}\n")
    except OSError:
        finish_streams()
        return 2
    return 0 if finish_streams() is None else 2
