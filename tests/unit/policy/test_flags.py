"""Flags: lists split, checked, placed where the person stands."""

import pytest

from rundown.errors import InvalidInputError
from rundown.model.request import Capability
from rundown.policy.flags import flag_layer, parse_flags


def patterns(capability, *values):
    return parse_flags({Capability(capability): values}, {}).allow.get(Capability(capability))


def test_lists_are_split_at_commas_and_may_be_repeated():
    assert patterns("run", "git,npm", "go test") == ("git", "npm", "go test")


def test_a_comma_in_braces_or_after_a_backslash_belongs_to_the_pattern():
    assert patterns("read", "{a,b}/**,c") == ("{a,b}/**", "c")
    assert patterns("run", r"echo a\,b,git") == ("echo a,b", "git")


@pytest.mark.parametrize("value", ["", " ", ",", "git,", ",git", "git,,npm"])
def test_an_empty_entry_is_an_error_and_never_everything(value):
    with pytest.raises(InvalidInputError) as raised:
        patterns("run", value)
    assert {item.code for item in raised.value.diagnostics} == {"policy/empty-list"}


def test_all_flawed_flags_are_reported_at_once():
    with pytest.raises(InvalidInputError) as raised:
        parse_flags(
            {Capability.RUN: [""], Capability.NET: ["http://x"], Capability.WRITE: ["*.txt"]},
            {Capability.HOST: ["procs"], Capability.READ: ["!x"]},
        )
    assert [(item.code, item.span.excerpt) for item in raised.value.diagnostics] == [
        ("policy/empty-list", "--allow-run="),
        ("policy/bad-host", "--allow-net=http://x"),
        ("policy/write-glob-not-tree", "--allow-write=*.txt"),
        ("policy/wrong-value", "--deny-host=procs"),
        ("policy/negation", "--deny-read=!x"),
    ]


def test_paths_are_taken_from_where_the_person_stands():
    flags = parse_flags(
        {
            Capability.WRITE: ["dist,../x,~/y,/z,{repo}/a"],
            Capability.RUN: ["./run.sh --fast,git"],
            Capability.READ: ["."],
        },
        {Capability.READ: [".env,**/x"]},
    )
    layer = flag_layer(flags, "/home/ada/work", "/home/ada")
    assert [(rule.verdict.value, rule.pattern) for rule in layer.rules] == [
        ("deny", "/home/ada/work/.env"),
        ("deny", "**/x"),
        ("allow", "/home/ada/work/dist"),
        ("allow", "/home/ada/x"),
        ("allow", "/home/ada/y"),
        ("allow", "/z"),
        ("allow", "{repo}/a"),
        ("allow", "/home/ada/work/run.sh --fast"),
        ("allow", "git"),
        ("allow", "/home/ada/work"),
    ]
