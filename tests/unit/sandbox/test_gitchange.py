"""What may stay of a change to `.git/config`, and that git reads the rest as it was."""

import subprocess

import pytest

from rundown.sandbox.gitchange import Judged, judge_git_config

OLD = """[core]
\trepositoryformatversion = 0
\tbare = false
# a comment
[remote "origin"]
\turl = https://example.org/a.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
\tremote = origin
\tmerge = refs/heads/main
"""


@pytest.mark.parametrize(
    "words",
    [
        ("branch.topic.remote", "origin"),
        ("branch.main.merge", "refs/heads/other"),
        ("remote.origin.url", "https://example.org/b.git"),
        ("user.email", "a@example.org"),
        ("--unset", "branch.main.merge"),
        ("--remove-section", "branch.main"),
        ("--rename-section", "branch.main", "branch.next"),
    ],
    ids=" ".join,
)
def test_what_git_itself_writes_of_branches_remotes_and_people_stays(words, tmp_path):
    after = _git(OLD, tmp_path, *words)
    assert (after != OLD, judge_git_config(OLD, after)) == (True, Judged(text=after))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("core.pager", "evil"), "core.pager"),
        (("core.fsmonitor", "evil"), "core.fsmonitor"),
        (("core.hooksPath", "/tmp"), "core.hookspath"),
        (("alias.st", "!evil"), "alias.st"),
        (("filter.x.clean", "evil"), "filter.x.clean"),
        (("include.path", "/tmp/evil"), "include.path"),
        (("remote.origin.receivepack", "evil"), "remote.origin.receivepack"),
        (("remote.origin.fetch", "+refs/*:refs/*"), "remote.origin.fetch"),
        (("url.https://evil/.insteadOf", "https://"), "url.https://evil/.insteadof"),
        (("core.bare", "true"), "core.bare"),
        (("--unset", "core.bare"), "core.bare"),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, tuple) else "",
)
def test_the_rest_is_put_back_and_what_may_change_is_kept(words, name, tmp_path):
    after = _git(_git(OLD, tmp_path, "branch.topic.remote", "origin"), tmp_path, *words)
    judged = judge_git_config(OLD, after)
    assert judged.faults == (name,)
    wanted = _list(_git(OLD, tmp_path, "branch.topic.remote", "origin"), tmp_path)
    assert sorted(_list(judged.text, tmp_path)) == sorted(wanted)


@pytest.mark.parametrize(
    "line",
    [
        "[core] pager = evil",
        '[branch "x"] remote = a',
        "[core]\n\tpager = e\\\nvil",
        '[branch "x"]\n\tremote = a\\\n[core]',
        "\ufeff[core]",
        "[core.x y]",
        "[user]\n\t= x",
    ],
)
def test_a_text_that_is_not_as_git_writes_it_goes_back_whole(line):
    judged = judge_git_config(OLD, OLD + line + "\n")
    assert (judged.text, len(judged.faults)) == (OLD, 1)


@pytest.mark.parametrize(
    "text", ["[core]\n\tpager = x", '[BRANCH "a"]\n\tremote = o\n[CORE]\n\teditor = x', "[remote]\n\turl = x"]
)
def test_case_and_place_make_no_difference(text):
    assert judge_git_config("", text + "\n").faults != ()


def test_a_new_repositorys_configuration_may_stay(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path / "r")], check=True)
    text = (tmp_path / "r/.git/config").read_text()
    assert judge_git_config("", text) == Judged(text=text)
    assert judge_git_config("", text + "[core]\n\tfsmonitor = x\n").faults != ()


def test_a_key_before_any_section_is_not_as_git_writes_it():
    assert judge_git_config(OLD, "pager = evil\n" + OLD).text == OLD


def test_an_order_that_changes_the_last_word_is_a_change():
    before = "[a]\n\tx = 1\n\tx = 2\n"
    judged = judge_git_config(before, "[a]\n\tx = 2\n\tx = 1\n")
    assert (judged.text, judged.faults) == (before, ("a.x",))


def _git(text, folder, *words):
    path = folder / "config"
    path.write_text(text)
    subprocess.run(["git", "config", "-f", str(path), *words], check=True)
    return path.read_text()


def _list(text, folder):
    path = folder / "listed"
    path.write_text(text)
    ran = subprocess.run(
        ["git", "config", "-f", str(path), "--list"], check=True, capture_output=True, text=True
    )
    return ran.stdout.splitlines()
