import os
from pathlib import Path

import pytest

from rundown.session.captures import open_capture, to_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain words", "plain words"),
        ('"quoted"', "quoted"),
        ("7", 7),
        ("1.5e3", 1500.0),
        ("[1, 2]", [1, 2]),
        ('{"a": null}', {"a": None}),
        ("true", "true"),
        ("null", "null"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("1e999", "1e999"),
        ("[1", "[1"),
        ("[" * 100_000, "[" * 100_000),
        ("1.2.3", "1.2.3"),
    ],
)
def test_json_texts_keep_their_kind_and_all_else_is_text(text: str, value: object) -> None:
    assert to_value(text) == value


def test_files_are_empty_private_and_gone_afterwards(tmp_path: Path) -> None:
    with open_capture(tmp_path / "live", ("A", "B")) as capture:
        assert capture is not None
        files = sorted(capture.directory.iterdir())
        assert [(file.name, file.read_bytes(), file.stat().st_mode & 0o777) for file in files] == [
            ("A", b"", 0o600),
            ("B", b"", 0o600),
        ]
        assert capture.variables("/in") == {"RD_OUTPUTS_A": "/in/A", "RD_OUTPUTS_B": "/in/B"}
        assert capture.read() == {}
    assert list((tmp_path / "live").iterdir()) == []


def test_without_names_nothing_is_made(tmp_path: Path) -> None:
    with open_capture(tmp_path / "live", ()) as capture:
        assert capture is None
    assert list(tmp_path.iterdir()) == []


def test_white_space_at_the_end_is_no_part_of_a_value(tmp_path: Path) -> None:
    with open_capture(tmp_path, ("A",)) as capture:
        assert capture is not None
        (capture.directory / "A").write_text("  two\nlines \n\n")
        assert capture.read() == {"A": "  two\nlines"}


def test_what_is_no_value_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("host secret")
    names = ("Gone", "Link", "Fifo", "Folder", "Binary", "Nul", "Large", "Blank")
    with open_capture(tmp_path / "live", names) as capture:
        assert capture is not None
        for name in names:
            (capture.directory / name).unlink()
        (capture.directory / "Link").symlink_to(tmp_path / "secret")
        os.mkfifo(capture.directory / "Fifo")
        (capture.directory / "Folder").mkdir()
        (capture.directory / "Binary").write_bytes(b"\xff\xfe")
        (capture.directory / "Nul").write_bytes(b"a\0b")
        (capture.directory / "Large").write_bytes(b"x" * (1024 * 1024 + 1))
        (capture.directory / "Blank").write_text(" \n")
        assert capture.read() == {}
