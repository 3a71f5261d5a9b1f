"""`open_regular`: nothing but a regular file, and no waiting."""

import os
import socket
from pathlib import Path

import pytest

from rundown.record.regular import open_regular, read_regular


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    assert read_regular(tmp_path / "file") == b"content"


def test_a_file_that_is_made_is_private(tmp_path: Path) -> None:
    os.close(open_regular(tmp_path / "file", os.O_RDWR | os.O_CREAT))
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["pipe", "link", "folder", "socket", "device"])
def test_anything_else_is_refused_without_waiting(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "file"
    with socket.socket(socket.AF_UNIX) as listener:
        match kind:
            case "pipe":
                os.mkfifo(place)
            case "link":
                (tmp_path / "other").write_bytes(b"content")
                place.symlink_to("other")
            case "folder":
                place.mkdir()
            case "socket":
                listener.bind(str(place))
            case _:
                place = Path("/dev/null")
        with pytest.raises(OSError):
            read_regular(place)
