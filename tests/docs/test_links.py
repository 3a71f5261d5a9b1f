"""A page that is named is there."""

import re
from urllib.parse import unquote

import pytest

from tests.support.sources import ROOT, tracked_files

PAGES = [
    path for path in tracked_files() if path.suffix == ".md" and "tests" not in path.relative_to(ROOT).parts
]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(page):
    targets = [unquote(target.partition("#")[0]) for target in LINK.findall(page.read_text(encoding="utf-8"))]
    here = [
        target for target in targets if target and "://" not in target and not target.startswith("mailto:")
    ]
    assert [target for target in here if not (page.parent / target).exists()] == []
