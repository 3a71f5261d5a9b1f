"""Agents' tools are decided by name, under `tools:`, and by nothing else."""

import pytest

from rundown.policy.loosen import find_loosenings
from tests.support.policies import decide, decoded, flags, outcome, rules, tool

LISTED = 'tools: {allow: ["mcp:github/list_*"], deny: ["mcp:github/delete_*", {pattern: "*:rm", reason: no}]}'


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mcp:github/list_issues", "allow"),
        ("mcp:github/delete_repo", "deny"),
        ("mcp:github/create_issue", "ask"),
        ("mcp:gitlab/list_issues", "ask"),
        ("claude:rm", "deny"),
    ],
)
def test_a_tool_is_decided_by_its_name(name: str, expected: str) -> None:
    assert outcome(rules(LISTED), tool(name)) == expected


def test_an_allow_of_everything_else_allows_no_tool() -> None:
    wide = 'default: {run: {allow: ["*"]}, net: {allow: ["*"]}, mode: execute}'
    assert outcome(rules(wide), tool("mcp:a/b")) == "ask"


def test_a_deny_below_stays_unless_it_is_lifted_by_name() -> None:
    lower = 'tools: {deny: ["mcp:a/*"]}'
    uppers = ('tools: {allow: ["mcp:*"]}', 'tools: {allow: ["mcp:a/b"]}')
    assert [outcome(rules(upper, lower), tool("mcp:a/b")) for upper in uppers] == ["deny", "allow"]


def test_a_flag_allows_a_tool_and_the_mend_names_both_ways() -> None:
    ask = decide(rules(), tool("mcp:a/b")).rulings[0]
    assert ask.fix is not None
    assert (ask.fix.flag, ask.fix.yaml) == ("--allow-tool mcp:a/b", 'tools: {allow: ["mcp:a/b"]}')
    assert outcome(rules(flags=flags("--allow-tool mcp:a/b")), tool("mcp:a/b")) == "allow"


def test_allowing_a_tool_needs_trust_and_denying_one_does_not() -> None:
    found = find_loosenings(decoded(LISTED), ())
    assert [item.text for item in found] == ["tool allow mcp:github/list_*"]
