"""The `rundown` command. Imports little, so that `--version` is fast."""

from rundown import __version__


def main() -> int:
    """Runs the command line; returns the exit code."""
    print(f"rundown {__version__}")
    return 0
