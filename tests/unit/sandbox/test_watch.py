"""Noticing that something came into the place of a hidden file."""

import os

import pytest

from rundown.sandbox.watch import MaskWatch


@pytest.fixture
def watch(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in (".env", "sub/.env", "other"):
        (tmp_path / name).write_text("old")
    made = MaskWatch([f"{tmp_path}/.env", f"{tmp_path}/sub/.env", f"{tmp_path}/gone/.env"])
    yield made
    made.close()


def test_nothing_is_lost_while_nothing_happens_or_others_change(watch, tmp_path):
    (tmp_path / "other").write_text("new")
    (tmp_path / ".env").write_text("written in place: the mask stays on it")
    os.rename(tmp_path / "other", tmp_path / "sub/else")
    assert watch.find_lost() is None


@pytest.mark.parametrize("name", [".env", "sub/.env"])
def test_a_rename_over_a_hidden_file_is_noticed(watch, tmp_path, name):
    os.rename(tmp_path / "other", tmp_path / name)
    assert (watch.find_lost(), watch.find_lost()) == (f"{tmp_path}/{name}", None)


def test_a_hidden_file_that_is_made_anew_is_noticed(watch, tmp_path):
    (tmp_path / ".env").unlink()
    assert watch.find_lost() is None
    (tmp_path / ".env").write_text("new")
    assert watch.find_lost() == f"{tmp_path}/.env"
