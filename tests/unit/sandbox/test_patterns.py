"""Deny rules as a walk asks them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rundown.sandbox.patterns import Matcher, Verdict, escape, glob_base, is_below, literal_base
from tests.support.kernel import deny


@pytest.mark.parametrize(
    ("pattern", "path", "hit"),
    [
        ("**/.env", "/p/.env", True),
        ("**/.env", "/p/a/b/.env", True),
        ("**/.env", "/p/.envrc", False),
        ("**/.env.*", "/p/.env.local", True),
        ("**/*secret*", "/p/my-secret.txt", True),
        ("**/*secret*", "/p/secret/x", False),
        ("**/keys/**", "/p/keys", True),
        ("**/keys/**", "/p/a/keys/b", True),
        ("**/{a,b}.pem", "/p/b.pem", True),
        ("**/{a,b}.pem", "/p/c.pem", False),
        ("/p/*/x", "/p/q/x", True),
        ("/p/*/x", "/p/q/r/x", False),
        ("**/conf/*.key", "/p/conf/a.key", True),
        ("**/conf/*.key", "/p/other/a.key", False),
        ("**/@(id_rsa|id_dsa)", "/p/id_dsa", True),
        ("**/a\\*b", "/p/a*b", True),
        ("**/a\\*b", "/p/axb", False),
        ("**/.env", "/p/new\nline/.env", True),
        ("**/*.pem", "/p/\udcff.pem", True),
    ],
)
def test_a_glob_is_about_a_path(pattern, path, hit):
    matcher = Matcher([deny(pattern)], [])
    assert (matcher.find(path) is not None, hit and not matcher.name_may_match(path.rsplit("/", 1)[1])) == (
        hit,
        False,
    )


def test_an_exception_takes_a_path_out():
    matcher = Matcher([deny("**/*.pem", exceptions=("/p/vendor/**",))], [])
    assert [matcher.find(path) for path in ("/p/x.pem", "/p/vendor/x.pem")] == [
        Verdict("hide", "**/*.pem"),
        None,
    ]


def test_what_hides_comes_before_what_pins():
    matcher = Matcher([deny("**/x")], [deny("**/x"), deny("**/y")], ["/p/z"])
    assert [matcher.find("/p/x"), matcher.find("/p/y")] == [Verdict("hide", "**/x"), Verdict("pin", "**/y")]
    assert matcher.literals == (("/p/z", Verdict("pin", "/p/z")),)


def test_a_rule_that_names_one_tree_is_literal_and_needs_no_walk():
    matcher = Matcher([deny("/p/a"), deny("/p/b/**"), deny("/p/{c,d}"), deny("/p/e\\*")], [])
    assert [path for path, _ in matcher.literals] == ["/p/a", "/p/b", "/p/c", "/p/d", "/p/e*"]
    assert not matcher.name_may_match("a")


@given(
    st.text(min_size=1, max_size=20).filter(
        lambda name: "/" not in name and "\0" not in name and name not in (".", "..")
    )
)
def test_an_escaped_path_means_itself(name):
    assert literal_base(escape(f"/p/{name}")) == f"/p/{name}"


@pytest.mark.parametrize(
    ("pattern", "base"),
    [("/a/b/*.md", "/a/b"), ("/a/*/c/d", "/a"), ("/*", "/"), ("/a\\*/b/*", "/a*/b"), ("/a/{b,c}/d", "/a")],
)
def test_a_glob_starts_in_its_longest_literal_directory(pattern, base):
    assert glob_base(pattern) == base


@pytest.mark.parametrize(
    ("base", "path", "below"),
    [
        ("/a", "/a", True),
        ("/a", "/a/b", True),
        ("/a", "/ab", False),
        ("/", "/x", True),
        ("/a/b", "/a", False),
    ],
)
def test_below_means_at_or_under(base, path, below):
    assert is_below(base, path) is below
