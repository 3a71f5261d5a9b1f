"""The order of the decision, rule by rule."""

import time

import pytest
from msgspec.structs import replace

from rundown.model.policy import (
    Allowed,
    Denied,
    Fix,
    Grant,
    LayerKind,
    NeedsPrompt,
    Outcome,
    Ruling,
)
from rundown.model.request import Capability
from rundown.policy.compiled import compile_ruleset
from rundown.policy.evaluate import evaluate
from rundown.policy.flags import PolicyFlags
from rundown.shell.extract import extract
from tests.support.policies import (
    FACTS,
    ROOT,
    decide,
    env,
    flags,
    host,
    layer,
    net,
    outcome,
    outcomes,
    read,
    request,
    rules,
    run,
    write,
)

DEFAULT = rules()


def grant(capability: str, pattern: str, **changes) -> Grant:
    return Grant(capability=Capability(capability), pattern=pattern, **changes)


def test_the_built_in_default_knows_everyday_commands_and_dangerous_ones():
    assert outcomes(
        DEFAULT, run("git status"), run("npm ci"), run("sudo id"), run("rm -rf x"), run("terraform plan")
    ) == {
        "git status": "allow",
        "npm ci": "allow",
        "sudo id": "deny",
        "rm -rf x": "deny",
        "terraform plan": "ask",
    }


def test_a_denial_names_its_rule_its_line_and_its_mend():
    operation = run("docker ps")
    ruleset = rules(builtin=False)
    ruleset = replace(
        ruleset,
        layers=(
            layer("default: {run: {deny: [{pattern: docker, reason: 'root on this host'}]}}", LayerKind.USER),
        ),
    )
    rule = ruleset.layers[0].rules[0]
    assert decide(ruleset, operation).rulings == (
        Ruling(
            operation=operation,
            outcome=Outcome.DENY,
            rule=rule,
            why='deny "docker" (your policy, .rundownrc.yaml:1): root on this host',
            fix=Fix(
                flag="--allow-run docker",
                yaml="default: {run: {allow: [docker]}}",
                pattern="docker",
            ),
        ),
    )


def test_every_operation_is_decided_and_all_denials_come_together():
    decision = decide(DEFAULT, run("rm x"), run("git log"), run("terraform plan"), run("curl x"))
    assert isinstance(decision, Denied)
    assert [item.operation.resource for item in decision.denials] == ["rm", "curl"]
    assert len(decision.rulings) == 4


def test_asks_come_in_the_order_of_the_text_when_nothing_is_denied():
    decision = decide(DEFAULT, run("terraform plan"), run("git log"), write("notes.txt"))
    assert isinstance(decision, NeedsPrompt)
    assert [item.operation.resource for item in decision.asks] == ["terraform", "notes.txt"]


def test_an_empty_request_is_allowed():
    assert isinstance(decide(DEFAULT), Allowed)


# Step 1 and 2: what stands above the documents


def test_deny_all_wins_over_everything():
    ruleset = rules(flags=PolicyFlags(deny_all=True, allow_all=True))
    grants = (grant("run", "git", resolved="/usr/bin/git"),)
    assert outcome(ruleset, run("git log"), grants=grants) == "deny"


def test_allow_all_passes_what_documents_deny_but_not_what_the_system_denies():
    ruleset = rules(
        "default: {run: {deny: [git]}}",
        system="default: {run: {deny: [docker]}}",
        flags=PolicyFlags(allow_all=True),
    )
    assert outcomes(ruleset, run("git log"), run("docker ps"), run("? x")) == {
        "git log": "allow",
        "docker ps": "deny",
        "? x": "allow",
    }


def test_an_allow_flag_lifts_every_document_but_not_the_system_nor_a_deny_flag():
    ruleset = rules(
        "default: {run: {deny: [curl]}}",
        system="default: {run: {deny: [docker]}}",
        flags=flags("--allow-run curl,docker,rm", "--deny-run rm"),
    )
    assert outcomes(ruleset, run("curl x"), run("docker ps"), run("rm x")) == {
        "curl x": "allow",
        "docker ps": "deny",
        "rm x": "deny",
    }


def test_a_session_deny_beats_an_allow_flag():
    ruleset = rules(flags=flags("--allow-run terraform"))
    refused = grant("run", "terraform", verdict=Outcome.DENY, resolved="/usr/bin/terraform")
    assert outcome(ruleset, run("terraform plan"), grants=(refused,)) == "deny"


def test_deny_all_of_this_type_denies_what_is_listed_too():
    refused = grant("run", "*", verdict=Outcome.DENY, everything=True)
    assert outcome(DEFAULT, run("git log"), grants=(refused,)) == "deny"


# Step 3: documents


def test_inside_a_document_deny_is_before_ask_is_before_allow():
    ruleset = rules("default: {run: {allow: [git], ask: ['git push'], deny: ['git push --force*']}}")
    assert outcomes(ruleset, run("git log"), run("git push"), run("git push --force-with-lease")) == {
        "git log": "allow",
        "git push": "ask",
        "git push --force-with-lease": "deny",
    }


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("docker", "allow"),
        ("'docker ps'", "allow"),
        ("'docker*'", "deny"),
        ("'*'", "deny"),
        ("/usr/bin/docker", "allow"),
    ],
)
def test_only_a_literal_allow_lifts_a_lower_deny_of_an_executable(entry, expected):
    assert outcome(rules(f"default: {{run: {{allow: [{entry}]}}}}"), run("docker ps")) == expected


def test_an_allow_by_name_does_not_lift_a_lower_deny_of_some_of_its_uses():
    user = "default: {run: {deny: ['git push --force*']}}"
    assert outcome(rules("default: {run: {allow: [git]}}", user), run("git push --force")) == "deny"
    assert (
        outcome(rules("default: {run: {allow: ['git push --force']}}", user), run("git push --force"))
        == "allow"
    )


def test_the_same_text_lifts_a_lower_deny():
    user = "default: {run: {deny: ['git push*']}}"
    assert outcome(rules("default: {run: {allow: ['git push*']}}", user), run("git push")) == "allow"


def test_a_literal_ask_lifts_a_lower_deny_to_an_ask():
    assert outcome(rules("default: {run: {ask: [docker]}}"), run("docker ps")) == "ask"


def test_the_most_specific_document_decides_between_ask_and_allow():
    user = "default: {run: {ask: [terraform], allow: [jq]}}"
    project = "default: {run: {allow: [terraform], ask: [jq]}}"
    assert outcomes(rules(project, user), run("terraform plan"), run("jq .")) == {
        "terraform plan": "allow",
        "jq .": "ask",
    }


@pytest.mark.parametrize(
    ("allow", "expected"),
    [
        ("{repo}/.env", "allow"),
        ("**/.env", "allow"),
        ("{repo}/**", "deny"),
        ("{repo}/.e*", "deny"),
    ],
)
def test_a_lower_deny_of_a_path_is_lifted_by_the_path_or_the_same_text_only(allow, expected):
    assert outcome(rules(f"default: {{read: {{allow: ['{allow}']}}}}"), read(".env")) == expected


def test_a_file_below_a_hidden_folder_is_opened_by_naming_the_folder_and_not_by_naming_the_file():
    operation = read("secrets/prod.yaml")
    assert outcome(rules("default: {read: {allow: ['{repo}/secrets/prod.yaml']}}"), operation) == "deny"
    assert outcome(rules("default: {read: {allow: ['{repo}/secrets']}}"), operation) == "allow"


def test_denies_of_all_documents_are_united_for_paths_variables_and_hosts():
    project = "default: {read: {allow: ['{repo}/**']}, env: {allow: ['*']}, net: {allow: ['*']}}"
    user = (
        "default: {read: {deny: ['{repo}/private/**']}, env: {deny: [EDITOR]}, net: {deny: [evil.example]}}"
    )
    assert outcomes(
        rules(project, user),
        read("private/x"),
        env("EDITOR"),
        env("HOME"),
        net("evil.example:443"),
        net("a.example:443"),
    ) == {
        "private/x": "deny",
        "EDITOR": "deny",
        "HOME": "allow",
        "evil.example:443": "deny",
        "a.example:443": "allow",
    }


def test_overrides_and_project_grants_count_for_their_runbooks_only():
    text = """
        overrides:
          - {runbook: "deploy/*.runbook.md", run: {allow: [kubectl]}}
        grants:
          - {type: run, pattern: curl, runbook: other.runbook.md}
    """
    here = rules(layer(text))
    elsewhere = rules(layer(text, runbook="other.runbook.md"))
    assert outcomes(here, run("kubectl get"), run("curl x")) == {"kubectl get": "allow", "curl x": "deny"}
    assert outcomes(elsewhere, run("kubectl get"), run("curl x")) == {
        "kubectl get": "deny",
        "curl x": "allow",
    }


# Step 4: grants


def test_a_grant_answers_an_ask():
    given = grant("run", "terraform", resolved="/usr/bin/terraform")
    assert outcome(DEFAULT, run("terraform plan"), grants=(given,)) == "allow"


def test_a_grant_lifts_no_deny():
    given = (grant("run", "rm", resolved="/usr/bin/rm"), grant("run", "*", everything=True))
    assert outcome(DEFAULT, run("rm x"), grants=given) == "deny"


def test_all_of_this_type_covers_the_literal_and_unlisted_only():
    ruleset = rules("default: {run: {ask: [jq]}}")
    given = (grant("run", "*", everything=True),)
    operations = [
        run("terraform plan"),
        run("jq ."),
        run("? x"),
        run("git -c a=b log", kind="escape"),
        run("perl -e 1", kind="opaque"),
    ]
    assert [outcome(ruleset, item, grants=given) for item in operations] == [
        "allow",
        "ask",
        "ask",
        "ask",
        "ask",
    ]


# Step 5: modes


@pytest.mark.parametrize(
    ("mode", "no_gap", "expected"),
    [
        ("prompted", True, "ask"),
        ("execute", False, "allow"),
        ("deny", True, "deny"),
        ("confined", True, "allow"),
        ("confined", False, "ask"),
    ],
)
def test_the_mode_decides_what_no_rule_names(mode, no_gap, expected):
    ruleset = rules(f"default: {{mode: {mode}}}")
    facts = replace(FACTS, no_gap=no_gap)
    for operation in (run("terraform plan"), run("? x"), run("git -c a=b log", kind="escape")):
        assert outcome(ruleset, operation, facts=facts) == expected


@pytest.mark.parametrize("mode", ["execute", "confined"])
def test_no_mode_ever_widens_anything_but_run(mode):
    ruleset = rules(f"default: {{mode: {mode}}}")
    facts = replace(FACTS, no_gap=True)
    for operation in (
        write("notes.txt"),
        read("/etc/shadow"),
        env("EDITOR"),
        net("a.example:443"),
        host("pid"),
    ):
        assert outcome(ruleset, operation, facts=facts) == "ask"


def test_a_mode_for_anything_but_run_that_slipped_in_opens_nothing():
    ruleset = rules(builtin=False)
    slipped = replace(layer("{}"), modes=dict.fromkeys(Capability, "execute"))
    operations = (write("notes.txt"), env("EDITOR"), net("a.example"), host("pid"))
    assert outcomes(replace(ruleset, layers=(slipped,)), *operations) == {
        "notes.txt": "ask",
        "EDITOR": "ask",
        "a.example": "ask",
        "pid": "ask",
    }


def test_an_explicit_ask_is_asked_in_every_mode():
    for mode in ("execute", "confined", "prompted", "deny"):
        ruleset = rules(f"default: {{mode: {mode}, run: {{ask: [terraform]}}}}")
        assert outcome(ruleset, run("terraform plan")) == "ask"


def test_each_capability_has_the_mode_that_is_said_for_it_and_the_others_keep_theirs():
    ruleset = rules("default: {mode: {run: confined, write: deny}}", "default: {mode: {net: deny}}")
    facts = replace(FACTS, no_gap=True)
    asked = (run("terraform plan"), write("notes.txt"), net("a.example:443"), env("EDITOR"))
    assert [outcome(ruleset, item, facts=facts) for item in asked] == ["allow", "deny", "deny", "ask"]


def test_an_ask_wins_over_an_allow_of_the_same_document_and_gives_way_to_a_deny():
    ruleset = rules(
        "default: {run: {allow: [kubectl], ask: ['kubectl delete'], deny: ['kubectl delete namespace']}}"
    )
    assert outcomes(
        ruleset, run("kubectl get"), run("kubectl delete pod"), run("kubectl delete namespace a")
    ) == {
        "kubectl get": "allow",
        "kubectl delete pod": "ask",
        "kubectl delete namespace a": "deny",
    }


def test_an_exception_takes_a_name_out_of_its_own_entry_only():
    entry = "{pattern: '**/*.cfg', except: ['**/a.cfg']}"
    ruleset = rules(f"default: {{read: {{deny: [{entry}]}}}}")
    assert outcomes(ruleset, read("a.cfg"), read("b.cfg")) == {"a.cfg": "allow", "b.cfg": "deny"}
    both = rules(f"default: {{read: {{deny: [{entry}, '**/a.cfg']}}}}")
    assert outcome(both, read("a.cfg")) == "deny"


def test_an_override_gives_its_mode_and_its_host_words_to_its_runbooks_only():
    text = "overrides: [{runbook: 'deploy/*.runbook.md', mode: {run: execute}, host: [journal]}]"
    asked = (run("terraform plan"), host("journal"), host("pid"), write("notes.txt"))
    here, elsewhere = rules(layer(text)), rules(layer(text, runbook="other.runbook.md"))
    assert [outcome(here, item) for item in asked] == ["allow", "allow", "ask", "ask"]
    assert [outcome(elsewhere, item) for item in asked] == ["ask"] * 4


def test_confined_lifts_no_deny_and_answers_no_explicit_ask():
    ruleset = rules("default: {mode: {run: confined}, run: {ask: [terraform]}}")
    facts = replace(FACTS, no_gap=True)
    asked = (run("terraform plan"), run("rm x"), run("? x"), run("perl -e 1", kind="opaque"))
    assert [outcome(ruleset, item, facts=facts) for item in asked] == ["ask", "deny", "allow", "allow"]


def test_the_most_specific_mode_counts_and_the_system_can_only_make_it_stricter():
    lax, strict = "default: {mode: execute}", "default: {mode: deny}"
    assert outcome(rules(lax, strict), run("terraform plan")) == "allow"
    assert outcome(rules(lax, system=strict), run("terraform plan")) == "deny"
    assert outcome(rules(strict, system=lax), run("terraform plan")) == "deny"


# --yes


def test_yes_answers_for_literal_executables_only():
    ruleset = rules(yes="executables")
    operations = {
        "allow": [run("terraform plan"), run("watch date", kind="wrapper")],
        "ask": [
            run("? x"),
            run("git -c a=b log", kind="escape"),
            run("perl -e 1", kind="opaque"),
            write("notes.txt"),
            read("/etc/shadow"),
            env("EDITOR"),
            net("a.example:443"),
            host("pid"),
        ],
        "deny": [run("rm x"), read(".env")],
    }
    assert {
        expected: [outcome(ruleset, item) for item in items] for expected, items in operations.items()
    } == {expected: [expected] * len(items) for expected, items in operations.items()}


def test_yes_all_answers_every_ask_but_the_hosts():
    ruleset = rules(yes="all")
    asked = [
        run("? x"),
        run("git -c a=b log", kind="escape"),
        write("notes.txt"),
        env("EDITOR"),
        net("a.example"),
    ]
    assert [outcome(ruleset, item) for item in asked] == ["allow"] * 5
    assert [outcome(ruleset, item) for item in (host("pid"), run("rm x"))] == ["ask", "deny"]


# Doubts


def test_an_escape_turns_an_allow_by_name_into_an_ask_that_says_why():
    operation = run("git -c core.pager=x log", kind="escape", note="-c lets git start a pager")
    ruling = decide(DEFAULT, operation).rulings[0]
    assert (ruling.outcome, ruling.why, ruling.mode) == (Outcome.ASK, "-c lets git start a pager", "prompted")


def test_a_rule_that_spells_the_escape_out_allows_it():
    operation = run("git -c core.pager=x log", kind="escape")
    assert outcome(rules("default: {run: {allow: ['git -c core.pager=x log']}}"), operation) == "allow"
    assert outcome(rules("default: {run: {allow: ['git -c *']}}"), operation) == "ask"
    assert outcome(rules(flags=flags("--allow-run 'git -c core.pager=x log'")), operation) == "allow"
    assert outcome(rules(flags=flags("--allow-run git")), operation) == "ask"


def test_a_name_that_a_step_could_shadow_is_asked_for_unless_its_file_is_named():
    operation = run("pytest", resolved=f"{ROOT}/.venv/bin/pytest", safe_path=False)
    assert outcome(DEFAULT, operation) == "ask"
    assert outcome(rules("default: {run: {allow: ['{repo}/.venv/bin/pytest']}}"), operation) == "allow"


def test_an_unknown_word_that_might_make_a_deny_match_is_asked_for():
    ruleset = rules("default: {run: {allow: [git], deny: ['git push --force*']}}", yes="executables")
    assert outcomes(ruleset, run("git push ?"), run("git log ?")) == {
        "git push ?": "ask",
        "git log ?": "allow",
    }


# What nothing lifts


def test_keys_trust_and_other_runs_are_never_opened():
    facts = replace(FACTS, off_limits=(f"{ROOT}/.rundown/runs", "/home/ada/.local/state/rundown/trust.json"))
    ruleset = rules(flags=PolicyFlags(allow_all=True))
    for operation in (
        read(".rundown/runs/1/events.jsonl"),
        write("/home/ada/.local/state/rundown/trust.json"),
        read("link", resolved="/home/ada/.local/state/rundown/trust.json"),
        env("RUNDOWN_SIGNING_KEY"),
    ):
        ruling = decide(ruleset, operation, facts=facts).rulings[0]
        assert (ruling.outcome, ruling.fix) == (Outcome.DENY, None)


@pytest.mark.parametrize(
    "path",
    [
        ".rundownrc.yaml",
        ".git/hooks/pre-commit",
        ".git/config",
        ".gitmodules",
        ".envrc",
        ".vscode/tasks.json",
        ".claude/settings.local.json",
        ".rundown/runs/x",
        "deploy/site.runbook.md",
        "/home/ada/.bashrc",
    ],
)
def test_protected_paths_are_not_written_whatever_the_rules_say(path):
    allowed = rules("default: {write: {allow: ['{repo}/**', '~/**']}}")
    assert outcome(allowed, write(path)) == "deny"
    assert outcome(rules(flags=flags("--allow-write .,/home/ada")), write(path)) == "deny"
    assert outcome(rules(flags=flags(f"--allow-write {path}")), write(path)) == "allow"


def test_the_rest_of_git_and_of_the_records_folder_can_be_written():
    ruleset = rules("default: {write: {allow: ['{repo}/**']}}")
    assert outcomes(
        ruleset, write(".git/index"), write(".rundown/work/notes"), write(".claude/plans/a.md")
    ) == {
        ".git/index": "allow",
        ".rundown/work/notes": "allow",
        ".claude/plans/a.md": "allow",
    }


# Paths, variables, hosts


def test_secrets_are_denied_but_not_source_code_about_them_nor_templates():
    assert outcomes(
        DEFAULT,
        read("config/.env"),
        read(".env.production"),
        read(".env.example"),
        read("app/password_reset.py"),
        read("client_secret.json"),
        read("secrets/prod.yaml"),
        read("node_modules/pkg/server.key"),
        read("tls/server.key"),
        read("README.md"),
    ) == {
        "config/.env": "deny",
        ".env.production": "deny",
        ".env.example": "allow",
        "app/password_reset.py": "allow",
        "client_secret.json": "deny",
        "secrets/prod.yaml": "deny",
        "node_modules/pkg/server.key": "allow",
        "tls/server.key": "deny",
        "README.md": "allow",
    }


def test_a_project_in_a_folder_named_like_a_secret_or_a_vendor_tree_is_judged_below_it():
    for root in ("/home/ada/my-secrets/app", "/srv/vendor/app"):
        facts = replace(FACTS, root=root)
        paths = {"README.md": "allow", ".env": "deny"}
        found = {name: outcome(DEFAULT, read(f"{root}/{name}"), facts=facts) for name in paths}
        assert found == paths


def test_a_deny_hits_through_a_link_and_by_the_name_as_written():
    assert outcome(DEFAULT, read("harmless", resolved=f"{ROOT}/.env")) == "deny"
    assert outcome(DEFAULT, read(".env", resolved=f"{ROOT}/harmless")) == "deny"


def test_a_relative_path_is_taken_from_where_the_text_went_else_the_sandbox_decides():
    def asked(word, directory):
        real = f"/srv/app/{directory}/{word}" if directory and word[0] != "/" else None
        operation = write(word, span=(1, 2), directory=directory, **({"resolved": real} if real else {}))
        return evaluate(DEFAULT, request(operation), FACTS).rulings[0].outcome.value

    assert [
        asked("notes.txt", ""),
        asked("notes.txt", "build"),
        asked("notes.txt", "src"),
        asked("notes.txt", None),
        asked("/etc/hosts", ""),
        asked(".env", None),
    ] == ["ask", "allow", "ask", "allow", "ask", "deny"]


def test_an_allow_counts_for_the_resolved_path_only():
    assert outcome(DEFAULT, read("link", resolved="/etc/shadow")) == "ask"
    assert outcome(DEFAULT, write("dist/link", resolved="/home/ada/.config/x")) == "ask"


def test_built_in_denies_do_not_hide_the_systems_own_files():
    assert outcomes(DEFAULT, read("/etc/ssl/certs/ca.pem"), read("/usr/share/doc/secret.txt")) == {
        "/etc/ssl/certs/ca.pem": "allow",
        "/usr/share/doc/secret.txt": "allow",
    }


def test_a_persons_own_deny_at_any_depth_holds_outside_the_opened_trees_too():
    ruleset = rules("default: {read: {deny: ['**/private', '**/*.pem']}}")
    assert outcomes(ruleset, read("/data/private/a"), read("/etc/ssl/certs/ca.pem"), read("/usr/lib/x")) == {
        "/data/private/a": "deny",
        "/etc/ssl/certs/ca.pem": "deny",
        "/usr/lib/x": "allow",
    }


def test_devices_and_streams_need_no_rule():
    assert outcome(DEFAULT, write("/dev/null")) == "allow"
    assert outcome(DEFAULT, write("/dev/stdout", resolved="/srv/elsewhere/log")) == "allow"
    assert outcome(DEFAULT, write("/dev/sda")) == "ask"


def test_what_may_be_written_may_be_read():
    assert outcome(DEFAULT, read(f"{FACTS.cache}/pip/x")) == "allow"


def test_an_assignment_is_not_allowed_by_letting_the_variable_through():
    assert outcomes(DEFAULT, env("PATH"), env("EDITOR")) == {"PATH": "allow", "EDITOR": "ask"}
    assigned = env("PATH", kind="escape")
    assert outcome(DEFAULT, assigned) == outcome(DEFAULT, env("PATH", span=(0, 7))) == "ask"
    assert outcome(rules("default: {env: {allow: ['PATH=']}}"), assigned) == "allow"
    assert outcome(rules("default: {env: {deny: [PATH]}}"), assigned) == "deny"


def test_host_words_are_allowed_by_flag_or_override_and_by_nothing_else():
    named = rules("overrides: [{runbook: 'deploy/*', host: [journal]}]")
    assert outcomes(named, host("journal"), host("pid")) == {"journal": "allow", "pid": "ask"}
    assert outcome(rules(flags=flags("--allow-host pid")), host("pid")) == "allow"
    assert outcome(rules("default: {mode: deny}"), host("pid")) == "deny"


def test_a_text_that_names_no_host_is_denied():
    assert outcome(DEFAULT, net("http://0x7f000001/")) == "deny"


def test_a_rule_can_never_name_what_is_known_only_at_run_time():
    for allow in ("'*'", "'**'", "'$CMD'"):
        assert outcome(rules(f"default: {{run: {{allow: [{allow}]}}}}"), run("? x")) == "ask"
    assert outcome(rules("default: {run: {deny: ['*']}}"), run("? x")) == "deny"
    assert outcome(DEFAULT, write("$F", kind="dynamic")) == "ask"


HOSTILE = {
    "the same file": "ls " + ">a " * 50_000,
    "many files": "".join(f"ls > a/b/c{number}\n" for number in range(9_999)),
    "many paths": "".join(f"./a/b{number}/c\n" for number in range(9_999)),
    "many hosts": "".join(f"curl https://h{number}.example/x\n" for number in range(9_999)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_text_is_decided_in_time(text):
    compiled = compile_ruleset(DEFAULT, FACTS)
    begun = time.process_time()
    operations = tuple(
        replace(item, resolved=f"{ROOT}/{item.resource}") for item in extract(text, "bash").operations
    )
    evaluate(compiled, request(*operations, text=text), FACTS)
    # About a second on a quiet machine (benchmarks/policy.py); what grows faster than the text takes minutes.
    assert time.process_time() - begun < 10


def test_the_same_thing_twice_is_ruled_on_at_both_places():
    twice = [write("notes.txt", span=(at, at + 5)) for at in (3, 30)]
    rulings = decide(DEFAULT, *twice).rulings
    assert [item.operation.span for item in rulings] == [(3, 8), (30, 35)]
    assert {item.outcome.value for item in rulings} == {"ask"}
