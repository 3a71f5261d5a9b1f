"""Checking one document by itself: as whose it is meant, of a project file only the section."""

import os
from pathlib import Path

import pytest

from rundown.model.policy import LayerKind
from rundown.policy.check import check_document


@pytest.fixture
def checked(tmp_path):
    def check(name: str, text: str, kind: LayerKind = LayerKind.POLICY_FILE) -> list[tuple[str, str]]:
        (tmp_path / name).write_text(text)
        return [(item.severity, item.code) for item in check_document(tmp_path / name, name, kind)]

    return check


def test_a_valid_document_has_no_problem(checked):
    assert checked("p.yaml", "extends: [tool/npm]\ndefault: {run: {allow: [jq]}}\n") == []


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (LayerKind.USER, []),
        (LayerKind.SYSTEM, []),
        (LayerKind.POLICY_FILE, [("error", "policy/misplaced-key")]),
    ],
)
def test_what_only_ones_own_document_may_say_is_judged_by_whose_it_is(checked, kind, found):
    assert checked("p.yaml", "notify: notify-send rundown\n", kind) == found


def test_a_profile_that_there_is_not_is_an_error(checked):
    assert checked("p.yaml", "extends: [tool/nmp]\n") == [("error", "policy/unknown-profile")]


def test_what_is_said_in_vain_is_a_warning(checked):
    assert checked("p.yaml", "default: {run: {allow: ['kube*']}}\n") == [("warning", "policy/lifts-nothing")]
    assert checked("p.yaml", "extends: none\ndefault: {run: {allow: ['kube*']}}\n") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", '{"name": "x", "rundown": {"defualt": {}}}'),
        ("pyproject.toml", '[project]\nname = "x"\n[tool.rundown]\ndefualt = {}\n'),
    ],
)
def test_of_a_project_file_the_section_counts(checked, name, text):
    assert checked(name, text) == [("error", "policy/unknown-key")]
    assert checked(name, text.replace("defualt", "default")) == []
    assert checked(name, '{"name": "x"}' if name.endswith("json") else '[project]\nname = "x"\n') == []


def test_a_document_that_cannot_be_read_says_so(tmp_path):
    (found,) = check_document(tmp_path, "folder", LayerKind.POLICY_FILE)
    assert (found.code, found.message) == ("policy/unreadable", "folder cannot be read: Is a directory")


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    found = [
        check_document(path, "p", LayerKind.POLICY_FILE) for path in (tmp_path / "fifo", Path("/dev/zero"))
    ]
    assert [(item.code, str(item.span)) for (item,) in found] == [("policy/unreadable", "p:1:1")] * 2


def test_a_message_shows_not_more_of_a_document_than_fits_into_a_line(tmp_path):
    (tmp_path / "p.yaml").write_text("root:x:0\n" * 1000)
    (tmp_path / "q.yaml").write_text("k" * 900 + ": 1\ndefault: {mode: " + "m" * 900 + "}\n")
    for name in ("p.yaml", "q.yaml"):
        found = check_document(tmp_path / name, name, LayerKind.POLICY_FILE)
        assert found and all(len(item.message) + len(item.fix) < 400 for item in found)
