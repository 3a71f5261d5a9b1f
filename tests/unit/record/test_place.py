"""The project's own folder, where its runs lie elsewhere."""

from pathlib import Path

from rundown.record.place import make_own_folder


def test_the_folder_is_made_with_its_gitignore_once(tmp_path: Path) -> None:
    make_own_folder(tmp_path)
    make_own_folder(tmp_path)
    assert (tmp_path / ".rundown/.gitignore").read_text().endswith("/runs/\n/work/\n/.gitignore\n")


def test_what_is_a_link_or_no_folder_is_left_as_it_is(tmp_path: Path) -> None:
    for name in ("linked", "file", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "linked/.rundown").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file/.rundown").write_text("")
    for name in ("linked", "file", "missing"):
        make_own_folder(tmp_path / name)
    assert list((tmp_path / "elsewhere").iterdir()) == []
