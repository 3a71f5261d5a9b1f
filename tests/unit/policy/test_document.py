"""Decoding a document: strict, all problems at once, and everything of the key table kept typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from rundown.model.diagnostic import Span
from rundown.model.policy import LayerKind, Limits, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.document import decode_document
from rundown.policy.form import Agent, Agents, Document, Override, Secret, Section, Tools
from tests.support.policies import decoded, layer, problems_of

WHOLE = """
version: 1
extends: [tool/npm]
default:
  mode: {run: confined, write: prompted}
  run:   {allow: [git, npm, "go test"], ask: ["git push*"], deny: [sudo, "git push --force*"]}
  read:  {allow: ["{repo}/**", "{tmp}/**"], deny: ["**/.env", {pattern: "**/*secret*", except: ["**/*.py"]}]}
  write: {allow: ["{repo}/dist/**"], deny: ["**/.env"]}
  env:   {allow: [PATH, HOME, "npm_*"], deny: ["*_TOKEN"]}
  net:   {allow: ["api.github.com:443", "*.pypi.org", {host: db.internal, port: 5432, private: true}], deny: ["10.0.0.0/8"]}
  enforce_run: command
  limits: {timeout: 10m, memory: 2GiB, pids: 512, cpu: 2, file_size: 1GiB, open_files: 1024, output: 64MiB, tmp: 1GiB}
overrides:
  - runbook: "deploy/*.runbook.md"
    mode: execute
    run: {allow: [docker, kubectl]}
    host: [journal]
grants:
  - {type: run, pattern: curl, scope: permanent, runbook: "sync.runbook.md", granted_at: 2026-01-01T00:00:00Z}
secrets: {DEPLOY_KEY: {source: "env:DEPLOY_KEY", runbooks: ["deploy/*"], as: env}}
agents: {default: claude, claude: {per_call: required, budget_usd: 2}}
tools: {allow: ["mcp:github/list_*"], deny: ["mcp:github/delete_*"]}
backup: agent
"""


def test_the_whole_key_table_is_decoded():
    document = decoded(WHOLE).document
    assert document.secrets == {
        "DEPLOY_KEY": Secret(source="env:DEPLOY_KEY", runbooks=("deploy/*",), as_="env")
    }
    assert document.agents == Agents(default="claude", claude=Agent(per_call="required", budget_usd=2))
    assert document.tools == Tools(allow=("mcp:github/list_*",), deny=("mcp:github/delete_*",))
    assert (document.backup, document.extends, document.notify) == ("agent", ("tool/npm",), UNSET)


def test_a_layer_holds_rules_modes_limits_and_what_matches_the_runbook():
    found = layer(WHOLE, runbook="deploy/site.runbook.md")
    assert [(rule.capability.value, rule.verdict.value, rule.pattern) for rule in found.rules][-2:] == [
        ("run", "allow", "docker"),
        ("run", "allow", "kubectl"),
    ]
    assert found.host == ("journal",)
    assert found.modes[Capability.RUN] == "execute"
    assert found.limits == Limits(
        timeout_ns=600 * 10**9,
        memory_bytes=2 << 30,
        pids=512,
        cpu=2,
        file_size_bytes=1 << 30,
        open_files=1024,
        output_bytes=64 << 20,
        tmp_bytes=1 << 30,
    )


def test_a_rule_remembers_its_place_its_reason_and_its_exceptions():
    text = "default:\n  net:\n    deny: [{pattern: '*.example', except: [a.example], reason: no}]\n"
    assert layer(text).rules == (
        Rule(
            capability=Capability.NET,
            verdict=Outcome.DENY,
            pattern="*.example",
            exceptions=("a.example",),
            reason="no",
            layer=LayerKind.PROJECT,
            span=Span(
                file=".rundownrc.yaml",
                line=3,
                column=12,
                length=1,
                excerpt="    deny: [{pattern: '*.example', except: [a.example], reason: no}]",
            ),
        ),
    )


def test_a_host_in_map_form_becomes_one_pattern():
    text = "default: {net: {allow: [{host: db.internal, port: 5432, private: true}, {host: 'fd00::1', port: 1}]}}"
    assert [(rule.pattern, rule.private) for rule in layer(text).rules] == [
        ("db.internal:5432", True),
        ("[fd00::1]:1", False),
    ]


def test_all_problems_are_reported_at_once_with_place_and_key_path():
    assert problems_of(
        """\
        version: 2
        default:
          mode: {run: promted, write: execute}
          run: {alow: [git], deny: git, ask: [7, ""]}
          read: {allow: ["{repoo}/x", "!x"], deny: ["!(a)", "a/../b"]}
          write: {allow: ["{repo}/*.txt", {pattern: "{repo}/**", except: [x]}]}
          env: {allow: ["A B"]}
          net: {allow: ["http://x", "0x7f.1", {port: 5}, {host: a, port: 0}]}
          limits: {timeout: soon, pids: 0, memory: 0GiB}
        overrides: [{run: {allow: [a]}}]
        grants: [{type: rum, pattern: ""}]
        notify: x
        allow_bypass: true
        """
    ) == [
        ("p.yaml:1:10", "policy/wrong-value", "version cannot be `2`"),
        ("p.yaml:3:15", "policy/wrong-value", "default.mode.run cannot be `promted`"),
        ("p.yaml:3:31", "policy/wrong-value", "default.mode.write cannot be `execute`"),
        ("p.yaml:4:9", "policy/unknown-key", "unknown key `alow` in default.run"),
        ("p.yaml:4:28", "policy/wrong-type", "default.run.deny must be a list, not `git`"),
        ("p.yaml:4:39", "policy/wrong-type", "default.run.ask[0] must be text or a map, not `7`"),
        ("p.yaml:4:42", "policy/empty-pattern", "default.run.ask[1] is empty"),
        (
            "p.yaml:5:18",
            "policy/unknown-placeholder",
            "default.read.allow[0]: unknown placeholder {repoo} in `{repoo}/x`",
        ),
        (
            "p.yaml:5:31",
            "policy/negation",
            "default.read.allow[1]: `!x` is a negation, and patterns have none",
        ),
        (
            "p.yaml:5:45",
            "policy/negation",
            "default.read.deny[0]: `!(a)` is a negation, and patterns have none",
        ),
        ("p.yaml:5:53", "policy/bad-pattern", "default.read.deny[1]: `a/../b` climbs with `..`"),
        (
            "p.yaml:6:19",
            "policy/write-glob-not-tree",
            "default.write.allow[0]: `{repo}/*.txt` cannot be opened for writing: it is neither a path nor `path/**`",
        ),
        (
            "p.yaml:6:67",
            "policy/except-on-allow",
            "default.write.allow[1]: an allow of paths has no exceptions",
        ),
        ("p.yaml:7:17", "policy/bad-pattern", "default.env.allow[0]: `A B` is no variable's name"),
        (
            "p.yaml:8:17",
            "policy/bad-host",
            "default.net.allow[0]: `http://x` is a URL",
        ),
        (
            "p.yaml:8:29",
            "policy/bad-host",
            "default.net.allow[1]: `0x7f.1` names no host: an IPv4 address is written as four plain decimal numbers",
        ),
        ("p.yaml:8:39", "policy/missing-key", "default.net.allow[2] names no host"),
        ("p.yaml:8:66", "policy/wrong-value", "default.net.allow[3].port is 0"),
        ("p.yaml:9:21", "policy/wrong-value", "default.limits.timeout cannot be `soon`"),
        ("p.yaml:9:33", "policy/wrong-value", "default.limits.pids is 0"),
        ("p.yaml:9:44", "policy/wrong-value", "default.limits.memory cannot be `0GiB`"),
        ("p.yaml:10:13", "policy/missing-key", "overrides[0] has no `runbook`"),
        ("p.yaml:11:17", "policy/wrong-value", "grants[0].type cannot be `rum`"),
        ("p.yaml:11:31", "policy/empty-pattern", "grants[0].pattern is empty"),
        (
            "p.yaml:12:1",
            "policy/misplaced-key",
            "`notify` runs a command and belongs to your own or the system's document",
        ),
        ("p.yaml:13:1", "policy/misplaced-key", "`allow_bypass` belongs to the system document"),
    ]


def test_an_unknown_word_names_the_nearest_known_one():
    _, problems = decode_document(b"defualt: {}", "p.yaml", "yaml", LayerKind.PROJECT)
    assert problems[0].fix.startswith("did you mean `default`?")


def test_a_command_as_source_of_a_secret_is_the_users_and_the_systems_alone():
    text = "secrets: {A: {source: 'command:pass show a'}}"
    assert [code for _, code, _ in problems_of(text)] == ["policy/misplaced-key"]
    assert problems_of(text, LayerKind.USER) == []


def test_a_mode_for_everything_opens_nothing_but_run():
    found = layer("default: {mode: execute}").modes
    assert {item.value: mode for item, mode in found.items()} == {
        "run": "execute",
        "read": "prompted",
        "write": "prompted",
        "env": "prompted",
        "net": "prompted",
        "host": "prompted",
        "tool": "prompted",
    }


def test_all_matching_overrides_are_appended_in_order_and_later_ones_win():
    text = """
    default: {mode: deny, limits: {pids: 5, timeout: 1m}}
    overrides:
      - {runbook: "deploy/**", mode: prompted, limits: {pids: 9}}
      - {runbook: "deploy/site.runbook.md", mode: confined}
      - {runbook: "other.runbook.md", mode: execute}
    """
    found = layer(text)
    assert (found.modes[Capability.RUN], found.limits.pids, found.limits.timeout_ns) == (
        "confined",
        9,
        60 * 10**9,
    )


def test_the_digest_names_the_value_and_not_its_spelling():
    one = decoded("default: {run: {allow: [git]}}\nversion: 1\n")
    other = decoded("# comment\nversion:  1\ndefault:\n  run:\n    allow:\n      - 'git'\n")
    assert one.digest == other.digest != decoded("default: {run: {allow: [gti]}}\nversion: 1\n").digest


def test_the_forms_defaults_are_an_empty_document():
    assert decoded("{}").document == Document()
    assert decoded("overrides: [{runbook: x}]").document.overrides == (Override(runbook="x"),)
    assert decoded("default: {}").document.default == Section()


FOREIGN = [item for item in LayerKind if item not in (LayerKind.BUILTIN, LayerKind.TOOL)]
KEYS = [
    "version",
    "extends",
    "default",
    "run",
    "allow",
    "deny",
    "pattern",
    "except",
    "mode",
    "net",
    "host",
    "port",
    "grants",
    "type",
    "limits",
    "timeout",
    "overrides",
    "runbook",
    "secrets",
    "x",
]
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 99999)
    | st.sampled_from(["git", "", "{repo}/**", "!x", "none", "run", "[", "10m", "a:b", "*"])
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), anything, max_size=5), st.sampled_from(FOREIGN))
def test_a_malformed_document_never_raises_and_never_yields_a_rule(value, kind):
    import json

    found, problems = decode_document(json.dumps(value).encode(), "p", "json", kind)
    assert (found is None) == bool(problems)
    assert all(item.span is not None and item.span.line >= 1 and item.fix for item in problems)
    if found is not None:
        found.layer("a.md")


@pytest.mark.parametrize("text", ['""', '"say \'no end"', '" "'])
def test_a_notification_that_is_no_command_line_is_refused(text):
    assert problems_of(f"notify: {text}", LayerKind.USER) == [
        (
            "p.yaml:1:9",
            "policy/wrong-value",
            "`notify` is no command line: it is empty, or a quote is not closed",
        )
    ]
