"""The stable JSON and the lines of a decision."""

import json

from rundown.policy.compiled import compile_ruleset
from rundown.policy.explain import decision_json, decision_lines
from rundown.policy.load import load_ruleset
from rundown.policy.show import policy_json, policy_lines
from tests.support.policies import FACTS, ROOT, decide, env, flags, rules, run, write


def test_the_json_of_a_decision_is_stable():
    ruleset = rules("default:\n  run:\n    deny: [curl]\n", builtin=False)
    decision = decide(ruleset, run("curl x", span=(3, 7)), run("? y", span=(9, 11)))
    assert json.loads(json.dumps(decision_json(decision))) == {
        "outcome": "deny",
        "operations": [
            {
                "capability": "run",
                "resource": "curl",
                "resolved": "/usr/bin/curl",
                "kind": "literal",
                "outcome": "deny",
                "rule": {"layer": "project", "source": ".rundownrc.yaml", "line": 3, "pattern": "curl"},
                "mode": None,
                "span": [3, 7],
                "fix": {"flag": "--allow-run curl", "yaml": "# remove curl from .rundownrc.yaml:3"},
            },
            {
                "capability": "run",
                "resource": "?" if False else "$CMD",
                "resolved": None,
                "kind": "dynamic",
                "outcome": "ask",
                "rule": None,
                "mode": "prompted",
                "span": [9, 11],
                "fix": {"flag": "--yes=all", "yaml": "default: {mode: {run: confined}}"},
            },
        ],
    }


def test_a_rule_without_a_file_names_its_layer():
    decision = decide(rules(flags=flags("--deny-run git")), run("git log"))
    assert decision_json(decision)["operations"][0]["rule"] == {
        "layer": "flag",
        "source": "command line",
        "line": None,
        "pattern": "git",
    }


def test_the_lines_say_what_why_and_how_to_change_it():
    decision = decide(rules(builtin=False), run("terraform plan"), write("dist/a"))
    assert decision_lines(decision) == (
        "ask    run    terraform -> /usr/bin/terraform",
        "       why: no rule names it",
        "       fix: --allow-run terraform",
        "        or: default: {run: {allow: [terraform]}}",
        f"ask    write  dist/a -> {ROOT}/dist/a",
        "       why: no rule names it",
        f"       fix: --allow-write {ROOT}/dist/a",
        '        or: default: {write: {allow: ["{repo}/dist/a"]}}',
    )
    assert decision_lines(decide(rules())) == ("allow  nothing here needs a permission",)


def test_the_whole_policy_is_shown_with_each_lines_origin(tmp_path):
    (tmp_path / "p.yaml").write_text(
        "default:\n  mode: deny\n  run: {allow: [terraform], deny: [git]}\n  limits: {pids: 7}\n"
        "overrides: [{runbook: x.md, host: [pid]}]\n"
    )
    loaded = load_ruleset(
        str(tmp_path), "x.md", policy_file="p.yaml", cwd=str(tmp_path), system_file="/nowhere"
    )
    compiled = compile_ruleset(loaded.ruleset, FACTS)
    shown = policy_json(loaded, compiled)
    assert {key: shown[key] for key in ("sources", "trusted", "enforce_run", "limits", "host")} == {
        "sources": ["p.yaml", "builtin.yaml"],
        "trusted": "named",
        "enforce_run": "command",
        "limits": {"pids": 7},
        "host": [{"word": "pid", "source": "p.yaml"}],
    }
    assert shown["mode"]["run"] == "deny"
    assert shown["rules"][0] == {
        "capability": "run",
        "verdict": "deny",
        "pattern": "git",
        "except": [],
        "reason": "",
        "layer": "policy-file",
        "source": "p.yaml",
        "line": 3,
    }
    lines = policy_lines(loaded, compiled)
    assert lines[0] == "documents  p.yaml, builtin.yaml  (most specific first; project: named)"
    assert f"  deny   {'git':44}  p.yaml:3" in lines
    assert f"  allow  {'pid':44}  p.yaml" in lines
    assert any(line.startswith("  allow  {repo}/dist/**") and "builtin.yaml:" in line for line in lines)


def test_secrets_are_shown_by_name_and_source_and_to_whom_they_go(tmp_path, monkeypatch):
    monkeypatch.setenv("DEPLOY_KEY", "the value itself")
    (tmp_path / "p.yaml").write_text(
        "secrets:\n"
        "  DEPLOY_KEY: {source: 'env:DEPLOY_KEY', runbooks: ['deploy/*'], steps: ['2'], as: file}\n"
        "  CARGO_REGISTRY_TOKEN: {source: 'keyring:cargo/ada'}\n"
        "  MODEL: {source: 'env:MODEL', runbooks: ['*'], as: header}\n"
    )
    loaded = load_ruleset(
        str(tmp_path), "x.md", policy_file="p.yaml", cwd=str(tmp_path), system_file="/nowhere"
    )
    compiled = compile_ruleset(loaded.ruleset, FACTS)
    shown = policy_json(loaded, compiled)
    assert shown["secrets"][1] == {
        "name": "DEPLOY_KEY",
        "source": "env:DEPLOY_KEY",
        "runbooks": ["deploy/*"],
        "steps": ["2"],
        "as": "file",
        "document": "p.yaml",
    }
    lines = policy_lines(loaded, compiled)
    start = lines.index("secrets, by name and source")
    assert [" ".join(line.split()) for line in lines[start + 1 : start + 4]] == [
        "CARGO_REGISTRY_TOKEN keyring:cargo/ada to runbooks that ask, if you say yes; every command; as env p.yaml",
        "DEPLOY_KEY env:DEPLOY_KEY to deploy/*; 2; as file p.yaml",
        "MODEL env:MODEL to *; agents' gateways; as header p.yaml",
    ]
    assert "the value itself" not in json.dumps(shown) + "".join(lines)


def test_what_is_shown_of_a_decision_is_json_whatever_is_in_it():
    decision = decide(rules(), run("? x"), env("A\u202e"))
    assert json.dumps(decision_json(decision))
