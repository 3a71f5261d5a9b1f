"""A unit's reference to another runbook: found beside it or by name, and never outside the project."""

import os
from pathlib import Path

import pytest

from rundown.session.composition import Family, find_child
from rundown.session.library import Document, Opened

TEXT = "# Title\n\n## 1. One\n\n```sh\ntrue\n```\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (
        "root/.git/HEAD",
        "root/ops/parent.runbook.md",
        "root/ops/beside.runbook.md",
        "root/at-root.runbook.md",
        "root/runbooks/named.runbook.md",
        "outside.runbook.md",
        "root-2/other.runbook.md",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(TEXT)
    return Path(os.path.realpath(tmp_path / "root"))


def parent(root: Path, path: str | None = "ops/parent.runbook.md") -> Document:
    return Document(file="parent", path=root / path if path else None, content=b"")


def find(reference: str, root: Path, family: Family = Family()) -> Opened | str:  # noqa: B008 - a frozen value
    return find_child(reference, parent(root), str(root), family)


@pytest.mark.parametrize(
    ("reference", "file"),
    [
        ("beside.runbook.md", "ops/beside.runbook.md"),
        ("at-root.runbook.md", "at-root.runbook.md"),
        ("../at-root.runbook.md", "at-root.runbook.md"),
        ("named", "runbooks/named.runbook.md"),
    ],
)
def test_a_child_is_found_and_named_by_its_path_below_the_root(reference: str, file: str, root: Path) -> None:
    found = find(reference, root)
    assert isinstance(found, Opened)
    assert (found.document.file, found.document.path) == (file, root / file)


def test_a_runbook_from_standard_input_refers_from_the_root(root: Path) -> None:
    found = find_child("ops/beside.runbook.md", parent(root, None), str(root), Family())
    assert isinstance(found, Opened)


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("missing.runbook.md", "`missing.runbook.md`: there is no runbook `missing.runbook.md`"),
        ("../../outside.runbook.md", "`../../outside.runbook.md` leads out of the project"),
        ("../../root-2/other.runbook.md", "`../../root-2/other.runbook.md` leads out of the project"),
        ("link.runbook.md", "`link.runbook.md` leads out of the project"),
        ("/etc/passwd", "`/etc/passwd` is an absolute path; a reference stays inside the project"),
        ("-", "`-` is standard input, not a runbook of the project"),
        ("{{Which}}", "`{{Which}}` holds a name without a value"),
        ("parent.runbook.md", "`parent.runbook.md` would run inside itself"),
        ("upper.runbook.md", "`upper.runbook.md` would run inside itself"),
        ("broken.runbook.md", "`broken.runbook.md`: "),
        ("", "``: "),
    ],
)
def test_what_cannot_be_a_child_is_refused_in_words(reference: str, why: str, root: Path) -> None:
    (root / "ops/link.runbook.md").symlink_to("../../outside.runbook.md")
    (root / "ops/broken.runbook.md").write_text("nothing")
    (root / "ops/upper.runbook.md").write_text(TEXT)
    above = Family().with_parent("r0", root / "ops/upper.runbook.md")
    found = find(reference, root, above.with_parent("r1", root / "ops/parent.runbook.md"))
    assert isinstance(found, str)
    assert found.startswith(why)


def test_a_family_knows_who_is_above(root: Path) -> None:
    (root / "link.runbook.md").symlink_to("ops/parent.runbook.md")
    family = Family().with_parent("r0", None).with_parent("r1", root / "link.runbook.md")
    assert (family.outermost, family.parent, family.files) == (
        "r0",
        "r1",
        (str(root / "ops/parent.runbook.md"),),
    )
    assert (Family().outermost, Family().parent) == (None, None)
