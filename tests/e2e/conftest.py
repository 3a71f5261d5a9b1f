"""What the tests of the whole program share."""

from pathlib import Path

import pytest

from tests.support.project import commit_all
from tests.support.sources import ROOT


@pytest.fixture
def project(tmp_path) -> Path:
    """A git checkout that holds the examples, the ready-made policies and a page of its own."""
    place = tmp_path / "project"
    for folder in ("runbooks", "policies"):
        for source in (path for path in (ROOT / folder).rglob("*") if path.is_file()):
            target = place / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    (place / "README.md").write_text("# A project\n")
    commit_all(place, "Start")
    return place
