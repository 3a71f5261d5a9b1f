"""What the sandbox is told to open: the same rules, as trees and globs."""

from msgspec.structs import replace

from rundown.model.policy import Allowed, Grant, LayerKind, Limits, Outcome
from rundown.model.request import Capability
from rundown.policy.compiled import compile_ruleset, mentioned_names
from rundown.policy.evaluate import evaluate
from tests.support.policies import (
    FACTS,
    ROOT,
    decide,
    env,
    flags,
    layer,
    net,
    read,
    request,
    rules,
    run,
    write,
)


def envelope(ruleset, *operations, grants=(), facts=FACTS):
    decision = decide(ruleset, *operations, grants=grants, facts=facts)
    assert isinstance(decision, Allowed), decision
    return decision.envelope


def only(text, kind=LayerKind.PROJECT):
    return replace(rules(builtin=False), layers=(layer(text, kind),))


def denies(found):
    return {rule.pattern: rule.exceptions for rule in found}


def test_allow_patterns_become_absolute_trees_paths_and_globs():
    found = envelope(
        only(
            "default: {read: {allow: ['{repo}/docs/**', '~/.gitconfig', '/data/*.csv']},"
            " write: {allow: ['{repo}/{dist,out}/**', '{gitdir}/**', notes.txt]}}"
        )
    )
    assert found.write_allow == (
        f"{ROOT}/dist/**",
        f"{ROOT}/out/**",
        f"{ROOT}/.git/**",
        f"{ROOT}/notes.txt",
    )
    assert found.read_allow == (f"{ROOT}/docs/**", "/home/ada/.gitconfig", "/data/*.csv", *found.write_allow)


def test_trees_that_a_person_named_are_told_from_the_built_in_ones():
    found = envelope(rules("default: {write: {allow: ['{repo}/reports/**']}}"))
    assert found.write_made == (f"{ROOT}/reports/**",)
    assert f"{ROOT}/dist/**" in found.write_allow


def test_a_path_with_odd_letters_is_handed_over_as_it_is_and_escaped_in_globs():
    facts = replace(FACTS, root="/srv/a[1]")
    ruleset = only("default: {read: {allow: ['{repo}/**', '{repo}/*.x'], deny: ['{repo}/.env']}}")
    found = envelope(ruleset, facts=facts)
    assert found.read_allow == ("/srv/a[1]/**", r"/srv/a\[1\]/*.x")
    assert denies(found.read_deny) == {r"/srv/a\[1\]/.env": ()}


def test_denies_and_unanswered_asks_close_and_literal_allows_above_are_their_exceptions():
    project = "default: {read: {allow: ['{repo}/keys', '{repo}/**'], ask: ['{repo}/private/**']}}"
    user = "default: {read: {deny: ['**/*.key', {pattern: '**/keys', except: ['{repo}/ok/**']}]}}"
    ruleset = rules(project, user, builtin=False)
    assert denies(envelope(ruleset).read_deny) == {
        f"{ROOT}/private/**": (),
        "**/*.key": (f"{ROOT}/keys", f"{ROOT}/keys/**"),
        "**/keys": (f"{ROOT}/ok/**", f"{ROOT}/keys", f"{ROOT}/keys/**"),
    }


def test_the_same_text_above_drops_a_deny_and_a_flag_excepts_what_it_names():
    ruleset = rules("default: {read: {allow: ['**/.env']}}", flags=flags(f"--allow-read {ROOT}/secret.txt"))
    found = denies(envelope(ruleset).read_deny)
    assert "**/.env" not in found
    assert found["**/*secret*"][-2:] == (f"{ROOT}/secret.txt", f"{ROOT}/secret.txt/**")


def test_what_the_system_and_flags_deny_has_no_exceptions():
    ruleset = rules(
        "default: {read: {allow: ['{repo}/a']}}",
        system="default: {read: {deny: ['{repo}/a']}}",
        flags=flags(f"--deny-read {ROOT}/b", f"--allow-read {ROOT}/b"),
    )
    found = denies(envelope(ruleset).read_deny)
    assert (found[f"{ROOT}/a"], found[f"{ROOT}/b"]) == ((), ())


def test_what_the_text_names_and_may_is_open_for_this_request():
    grants = (Grant(capability=Capability.WRITE, pattern="*", everything=True),)
    found = envelope(rules(), write("notes.txt"), grants=grants)
    assert f"{ROOT}/notes.txt" in found.write_allow
    assert f"{ROOT}/notes.txt" not in envelope(rules(), grants=grants).write_allow
    named = envelope(rules(flags=flags(f"--allow-read {ROOT}/.env")), read(".env"))
    assert denies(named.read_deny)["**/.env"][-2:] == (f"{ROOT}/.env", f"{ROOT}/.env/**")


def test_grants_of_a_pattern_open_and_answer_asks_but_lift_no_deny():
    ruleset = rules("default: {read: {ask: ['{repo}/private/**'], deny: ['{repo}/never']}}")
    grants = (
        Grant(capability=Capability.READ, pattern="{repo}/private/**"),
        Grant(capability=Capability.READ, pattern="{repo}/never"),
        Grant(capability=Capability.WRITE, pattern="{repo}/**"),
        Grant(capability=Capability.WRITE, pattern=f"{ROOT}/x", verdict=Outcome.DENY),
    )
    found = envelope(ruleset, grants=grants)
    assert denies(found.read_deny)[f"{ROOT}/private/**"] == (
        f"{ROOT}/private/**",
        f"{ROOT}/never",
        f"{ROOT}/never/**",
    )
    assert denies(found.read_deny)[f"{ROOT}/never"] == ()
    assert f"{ROOT}/**" in found.write_allow
    assert denies(found.write_deny)[f"{ROOT}/x"] == ()


def test_protected_paths_are_named_but_not_those_a_flag_names():
    found = envelope(rules(flags=flags(f"--allow-write {ROOT}/.envrc"))).protect
    assert f"{ROOT}/.git/hooks" in found and f"{ROOT}/.claude/settings*.json" in found
    assert f"{ROOT}/.envrc" not in found


def test_variables_pass_that_rules_let_through_and_those_the_text_was_allowed_to_use():
    facts = replace(
        FACTS,
        parent_env=frozenset({"PATH", "LC_ALL", "API_TOKEN", "EDITOR", "RUNDOWN_SIGNING_KEY", "RUNDOWN_X"}),
    )
    grants = (
        Grant(capability=Capability.ENV, pattern="EDITOR"),
        Grant(capability=Capability.ENV, pattern="LD_X="),
    )
    used = (env("EDITOR"), env("LD_X", kind="escape"))
    assert envelope(rules(), facts=facts).env == ("LC_ALL", "PATH", "RUNDOWN_X")
    assert envelope(rules(), *used, grants=grants, facts=facts).env == (
        "EDITOR",
        "LC_ALL",
        "PATH",
        "RUNDOWN_X",
    )


def test_installations_of_allowed_executables_come_with_them():
    facts = replace(
        FACTS,
        executables={"node": "/home/ada/.nvm/versions/node/v20/bin/node", "docker": "/opt/docker/bin/docker"},
    )
    assert envelope(rules(), facts=facts).run_trees == ("/home/ada/.nvm/versions/node/v20",)
    started = run("/opt/tool/bin/x", resolved="/opt/tool/bin/x")
    found = envelope(rules(flags=flags("--allow-run /opt/tool/bin/x")), started, facts=facts)
    assert found.run_trees == ("/home/ada/.nvm/versions/node/v20", "/opt/tool")


def test_limits_come_from_the_most_specific_document_and_never_exceed_the_systems():
    ruleset = rules(
        "default: {limits: {pids: 100, timeout: 1h}}",
        "default: {limits: {pids: 5, memory: 1GiB}}",
        system="default: {limits: {timeout: 10m, cpu: 1}}",
    )
    assert envelope(ruleset).limits == Limits(pids=100, timeout_ns=600 * 10**9, memory_bytes=1 << 30, cpu=1)


def test_execution_is_enforced_in_the_tree_if_the_system_or_the_first_that_says_so_wants_it():
    tree, command = "default: {enforce_run: tree}", "default: {enforce_run: command}"
    assert [
        envelope(ruleset).enforce_run
        for ruleset in (rules(), rules(tree), rules(command, tree), rules(command, system=tree))
    ] == ["command", "tree", "command", "tree"]


def test_rules_on_connections_are_handed_over_whole_and_grants_come_last():
    ruleset = rules("default: {net: {allow: [a.example], deny: [b.example]}}")
    grants = (Grant(capability=Capability.NET, pattern="c.example:443"),)
    found = envelope(ruleset, net("c.example:443"), grants=grants).net
    assert [(rule.verdict.value, rule.pattern) for rule in found] == [
        ("deny", "b.example"),
        ("allow", "a.example"),
        ("allow", "c.example:443"),
    ]


def test_a_compiled_ruleset_gives_the_same_decisions_again_and_again():
    ruleset = rules("default: {read: {allow: ['~/x/**']}}")
    compiled = compile_ruleset(ruleset, FACTS)
    grants = (Grant(capability=Capability.WRITE, pattern="{repo}/x/**"),)
    asked = request(run("git log"), write("dist/a"))
    for given in ((), grants, ()):
        assert evaluate(compiled, asked, FACTS, given) == evaluate(ruleset, asked, FACTS, given)


def test_names_that_need_a_look_up_are_those_that_rules_mention_literally():
    ruleset = only("default: {run: {allow: [git, 'go test', 'n*', /usr/bin/x, './y z'], deny: [rm]}}")
    assert mentioned_names(ruleset) == ("git", "go", "rm")
