"""What is committed speaks of the project only: no path of the machine it was written on, no private registry."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.sources import ROOT, tracked_files

PUBLIC_INDEX = {"pypi.org", "files.pythonhosted.org", ""}


def test_no_tracked_file_names_a_path_of_this_machine():
    assert _files_with(_machine_paths()) == []


def test_no_tracked_file_names_the_registry_this_machine_installs_from():
    assert _files_with(_private_registry_hosts()) == []


def test_nothing_generated_is_tracked():
    generated = {
        "__pycache__",
        ".venv",
        ".ci-venv",
        ".rundown",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
    }
    assert [str(path) for path in tracked_files() if generated & set(path.relative_to(ROOT).parts)] == []


def _files_with(needles: set[str]) -> list[str]:
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)}: {needle}" for needle in needles if needle in text]
    return found


def _machine_paths() -> set[str]:
    """The checkout's place and the interpreter's, where they are particular enough to be told from any path."""
    candidates = (ROOT, Path(sys.prefix), Path.home() / ".pyenv", Path.home() / ".cache")
    return {str(path) for path in candidates if len(path.parts) > 2 and not str(path).startswith("/usr")}


def _private_registry_hosts() -> set[str]:
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    addresses = [word.strip("'\"") for word in listing.split() if "://" in word]
    hosts = {
        urlsplit(address.partition("=")[2] if "=" in address else address).hostname or ""
        for address in addresses
    }
    return hosts - PUBLIC_INDEX
