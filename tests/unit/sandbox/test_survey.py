"""What is found on the host of what policy opens, hides and protects."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.model.policy import Envelope
from rundown.model.request import Capability
from rundown.model.sandbox import Mask, Tree
from rundown.sandbox.made import make_missing_trees, remove_if_empty
from rundown.sandbox.masks import find_listening
from rundown.sandbox.settings import ViewSettings
from rundown.sandbox.survey import survey
from rundown.sandbox.system import find_system_paths
from tests.support.kernel import deny

WRITE = Capability.WRITE


@pytest.fixture
def root(tmp_path):
    made = Path(os.path.realpath(tmp_path)) / "project"
    made.mkdir()
    return made


def _settings(root, **changes):
    return replace(ViewSettings(root=str(root), home=str(root.parent / "home")), **changes)


def _survey(root, **envelope):
    return survey(Envelope(**envelope), _settings(root))


def _opened(found):
    return tuple(tree for tree in found.trees if tree.origin != "system")


def test_trees_are_opened_parents_first_and_only_as_far_as_their_parents_do_not(root):
    (root / "a/b").mkdir(parents=True)
    found = _survey(root, read_allow=(f"{root}/a/b/**", f"{root}/**"), write_allow=(f"{root}/a/**",))
    assert _opened(found) == (
        Tree(path=str(root), kind="dir"),
        Tree(path=f"{root}/a", kind="dir", write=True),
    )


def test_a_write_tree_that_is_missing_is_told_and_a_read_tree_is_not(root):
    found = _survey(root, read_allow=(f"{root}/no/**",), write_allow=(f"{root}/nor/**",))
    assert (_opened(found), found.missing) == ((), (f"{root}/nor",))


def test_the_runs_own_tmp_never_opens_the_hosts(root):
    assert (
        _opened(_survey(root, read_allow=("/tmp/**", "/tmp"), write_allow=("/tmp/**", "/var/tmp/**"))) == ()
    )


def test_a_tree_behind_a_symlink_is_a_problem_and_not_opened(root):
    (root / "real").mkdir()
    (root / "link").symlink_to("real")
    found = _survey(root, write_allow=(f"{root}/link/**",))
    assert (_opened(found), [(gap.code, gap.remedy) for gap in found.problems]) == (
        (), [("sandbox/tree-is-symlink", f"name {root}/real instead")],
    )  # fmt: skip


def test_a_read_glob_is_expanded_to_files_and_follows_no_symlink(root):
    for name in ("a.md", "b.txt", "sub/c.md"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("")
    (root / "link.md").symlink_to("b.txt")
    found = _survey(root, read_allow=(f"{root}/**/*.md",))
    assert [tree.path for tree in _opened(found)] == [f"{root}/a.md", f"{root}/sub/c.md"]


def test_a_path_with_glob_characters_is_opened_as_it_is(root):
    odd = root / "a[1]{b}*"
    odd.mkdir()
    assert [tree.path for tree in _opened(_survey(root, read_allow=(f"{odd}/**",)))] == [str(odd)]


def test_a_deny_that_names_a_tree_or_what_is_above_it_closes_it(root):
    (root / "a").mkdir()
    found = _survey(root, read_allow=(f"{root}/a/**",), read_deny=(deny(str(root)),))
    assert _opened(found) == ()
    found = _survey(root, write_allow=(f"{root}/a/**",), write_deny=(deny(str(root), WRITE),))
    assert _opened(found) == (Tree(path=f"{root}/a", kind="dir"),)


def test_masks_are_sorted_and_pins_matter_only_in_writable_trees(root):
    for name in ("dist/.env", ".env", "dist/cfg", "cfg"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("")
    found = _survey(
        root, read_allow=(f"{root}/**",), write_allow=(f"{root}/dist/**",), read_deny=(deny("**/.env"),),
        write_deny=(deny("**/cfg", WRITE),), protect=(f"{root}/cfg",),
    )  # fmt: skip
    assert found.masks == (
        Mask(path=f"{root}/.env", kind="file", action="hide", pattern="**/.env"),
        Mask(path=f"{root}/dist/.env", kind="file", action="hide", pattern="**/.env"),
        Mask(path=f"{root}/dist/cfg", kind="file", action="pin", pattern="**/cfg"),
    )


def test_a_literal_deny_is_enforced_on_the_real_path_behind_a_symlink_too(root):
    (root / "real").mkdir()
    (root / "real/x").write_text("")
    (root / "link").symlink_to("real")
    found = _survey(root, read_allow=(f"{root}/**",), read_deny=(deny(f"{root}/link/x"),))
    assert f"{root}/real/x" in [mask.path for mask in found.masks]


def test_the_cache_is_not_walked(root):
    (root / "cache").mkdir()
    (root / "cache/x.pem").write_text("")
    envelope = Envelope(write_allow=(f"{root}/cache/**",), read_deny=(deny("**/*.pem"),))
    assert survey(envelope, _settings(root, cache=f"{root}/cache")).masks == ()
    assert len(survey(envelope, _settings(root)).masks) == 1


def test_the_names_beside_and_above_a_mask_are_listed(root):
    for name in ("a/.env", "a/x", "y"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("")
    found = _survey(root, read_allow=(f"{root}/**",), read_deny=(deny("**/.env"),))
    assert found.listings == ((str(root), ("a", "y")), (f"{root}/a", (".env", "x")))


def test_git_configuration_of_the_person_is_copied_without_credentials(root):
    home = root.parent / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = A\n[credential]\n\thelper = store\n")
    assert (str(home / ".gitconfig"), "[user]\n\tname = A\n") in _survey(root).copies


def test_a_project_of_somebody_else_is_noticed(root):
    assert _survey(root).foreign_owner is False
    if os.geteuid() == 0:
        os.chown(root, 12345, 12345)
        assert _survey(root).foreign_owner is True


def test_system_paths_hold_no_private_keys_and_nothing_the_view_replaces():
    trees, links = find_system_paths()
    paths = {tree.path for tree in trees} | {link.path for link in links}
    assert (
        paths
        & {
            "/etc",
            "/etc/ssl",
            "/etc/ssl/private",
            "/etc/pki",
            "/etc/shadow",
            "/etc/resolv.conf",
            "/root",
            "/run",
            "/proc",
        }
        == set()
    )
    assert "/usr" in paths


def test_sockets_are_read_from_the_kernels_table():
    table = (
        "Num       RefCount Protocol Flags    Type St Inode Path\n"
        "0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/a b.sock\n"
        "0000000000000000: 00000002 00000000 00010000 0001 01 12346 @abstract\n"
        "0000000000000000: 00000003 00000000 00000000 0001 03 12347\n"
        "0000000000000000: 00000002 00000000 00010000 0001 01 12348 rel.sock\n"
    )
    assert find_listening(table) == {"/run/a b.sock", "rel.sock"}


def test_missing_trees_that_a_person_named_are_made_and_removed_if_they_stayed_empty(root):
    envelope = Envelope(write_made=(f"{root}/a/b/**", f"{root}/file", f"{root}/c/**"))
    made = make_missing_trees(envelope)
    assert made == (f"{root}/a", f"{root}/a/b", f"{root}/c")
    (root / "c/x").write_text("")
    remove_if_empty(made)
    assert [(root / name).exists() for name in ("a", "c", "file")] == [False, True, False]


def test_nothing_is_made_behind_a_symlink(root):
    (root / "real").mkdir()
    (root / "link").symlink_to("real")
    assert make_missing_trees(Envelope(write_made=(f"{root}/link/x/**",))) == ()
    assert list((root / "real").iterdir()) == []
