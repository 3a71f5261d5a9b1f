"""The mend that is offered is the mend that works."""

import shlex

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rundown.model.policy import Fix, LayerKind, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.compiled import compile_ruleset
from rundown.policy.evaluate import evaluate
from rundown.policy.flags import flag_layer, parse_flags
from rundown.policy.suggest import Need, suggest_document
from tests.support.any_policy import a_ruleset, an_operation, facts
from tests.support.policies import (
    FACTS,
    HOME,
    ROOT,
    decide,
    decoded,
    env,
    flags,
    host,
    layer,
    net,
    outcome,
    read,
    rules,
    run,
    tool,
    write,
)


def fix(operation, ruleset=None):
    return decide(ruleset or rules(), operation).rulings[0].fix


def both(flag, yaml, pattern):
    return Fix(flag=flag, yaml=f"default: {{{yaml}}}", pattern=pattern)


def test_the_mend_is_the_smallest_entry_that_does_it():
    assert {
        "name": fix(run("rm -rf x")),
        "path": fix(run("./run.sh")),
        "escape": fix(run("git -c 'a=b c' log", kind="escape")),
        "shadowed": fix(run("pytest", resolved=f"{ROOT}/.venv/bin/pytest", safe_path=False)),
        "file": fix(write("a b.txt")),
        "hidden folder": fix(read("secrets/prod/key.txt")),
        "variable": fix(env("API_TOKEN")),
        "assignment": fix(env("PATH", kind="escape")),
        "host": fix(net("https://a.example/x")),
        "comma": fix(write("a,b")),
    } == {
        "name": both("--allow-run rm", "run: {allow: [rm]}", "rm"),
        "path": both(f"--allow-run {ROOT}/run.sh", 'run: {allow: ["{repo}/run.sh"]}', "{repo}/run.sh"),
        "escape": both(
            """--allow-run 'git -c '"'"'a=b c'"'"' log'""",
            """run: {allow: ["git -c 'a=b c' log"]}""",
            "git -c 'a=b c' log",
        ),
        "shadowed": both(
            f"--allow-run {ROOT}/.venv/bin/pytest",
            'run: {allow: ["{repo}/.venv/bin/pytest"]}',
            "{repo}/.venv/bin/pytest",
        ),
        "file": both(
            f"--allow-write '{ROOT}/a b.txt'", 'write: {allow: ["{repo}/a b.txt"]}', "{repo}/a b.txt"
        ),
        "hidden folder": both(
            f"--allow-read {ROOT}/secrets", 'read: {allow: ["{repo}/secrets"]}', "{repo}/secrets"
        ),
        "variable": both("--allow-env API_TOKEN", "env: {allow: [API_TOKEN]}", "API_TOKEN"),
        "assignment": both("--allow-env PATH=", 'env: {allow: ["PATH="]}', "PATH="),
        "host": both("--allow-net a.example:443", 'net: {allow: ["a.example:443"]}', "a.example:443"),
        "comma": both(rf"--allow-write '{ROOT}/a\,b'", 'write: {allow: ["{repo}/a,b"]}', "{repo}/a,b"),
    }


def test_a_projects_own_deny_is_mended_where_it_stands():
    project = rules(layer("default:\n  run:\n    deny: [git]\n"))
    assert fix(run("git log"), project) == Fix(
        flag="--allow-run git", yaml="# remove git from .rundownrc.yaml:3"
    )


def test_what_no_line_can_change_offers_none():
    assert fix(run("git log"), rules(system="default: {run: {deny: [git]}}")) is None
    assert fix(run("git log"), rules(flags=flags("--deny-run git"))) is None
    assert fix(net("http://0x7f.1/")) is None
    assert fix(write(".git/config")) == Fix(flag=f"--allow-write {ROOT}/.git/config", yaml="")


@given(a_ruleset(), an_operation(), facts)
@settings(max_examples=300)
def test_the_flag_of_a_mend_works(ruleset, operation, some_facts):
    ruling = decide(ruleset, operation, facts=some_facts).rulings[0]
    if ruling.fix is None:
        return
    flag, _, value = ruling.fix.flag.partition(" ")
    if flag in ("--yes=all", "--allow-all"):
        bypass = replace(ruleset.bypass, **{"yes": "all"} if flag == "--yes=all" else {"allow_all": True})
        mended = replace(ruleset, bypass=bypass)
    else:
        capability = Capability(flag.removeprefix("--allow-"))
        parsed = parse_flags({capability: shlex.split(value)}, {})
        more = flag_layer(parsed, ROOT, HOME).rules
        mended = replace(ruleset, flags=replace(ruleset.flags, rules=(*ruleset.flags.rules, *more)))
    assert outcome(mended, operation, facts=some_facts) == "allow"


@given(a_ruleset(), an_operation(), facts)
@settings(max_examples=300)
def test_the_entry_of_a_mend_works_in_a_document_above(ruleset, operation, some_facts):
    ruling = decide(ruleset, operation, facts=some_facts).rulings[0]
    if ruling.fix is None or ruling.fix.pattern is None:
        return
    above = decoded(ruling.fix.yaml, LayerKind.POLICY_FILE).layer("")
    mended = replace(ruleset, layers=(above, *ruleset.layers))
    assert outcome(mended, operation, facts=some_facts) == "allow"


def suggested(ruleset, *operations, facts=FACTS, wishes=()):
    """The document for what these operations lack, each in a request of its own."""
    needs = [
        Need(request=decision.request, ruling=ruling)
        for decision in (decide(ruleset, item, facts=facts) for item in operations)
        for ruling in decision.rulings
        if ruling.outcome is not Outcome.ALLOW
    ]

    def again(policy, request):
        return evaluate(policy, request, facts)

    return suggest_document(needs, wishes, compile_ruleset(ruleset, facts), again)


def with_document(ruleset, added):
    """The ruleset with a document's layer added to the project's own, or above all where there is none."""
    first, *rest = ruleset.layers
    if first.kind is not LayerKind.PROJECT:
        return replace(ruleset, layers=(added, *ruleset.layers))
    own = replace(
        first,
        rules=(*first.rules, *added.rules),
        modes={**first.modes, **added.modes},
        host=(*first.host, *added.host),
    )
    return replace(ruleset, layers=(own, *rest))


def smaller(added):
    """The document's layer without one of its lines, for each of them."""
    for number in range(len(added.rules)):
        yield replace(added, rules=added.rules[:number] + added.rules[number + 1 :])
    for word in added.host:
        yield replace(added, host=tuple(item for item in added.host if item != word))
    if added.modes:
        yield replace(added, modes={})


CONTAINED = replace(FACTS, no_gap=True)


def test_a_suggested_document_lets_the_run_pass_and_names_what_it_cannot():
    ruleset = rules()
    operations = [
        run("terraform plan"),
        run("rm x"),
        write("notes.txt"),
        env("API_TOKEN"),
        net("a.example"),
        run("git log"),
        read("/etc/shadow"),
        host("pid"),
        tool("mcp:github/list_x"),
    ]
    text = suggested(ruleset, *operations, write(".git/config"))
    assert (
        text
        == """\
# Read every line before you keep it: each opens something that was asked for or denied.
version: 1
default:
  run:
    allow:
      - terraform
      - rm
  read:
    allow:
      - /etc/shadow
  write:
    allow:
      - "{repo}/notes.txt"
  env:
    allow:
      - API_TOKEN
  net:
    allow:
      - a.example
overrides:
  - runbook: deploy/site.runbook.md
    host: [pid]
tools:
  allow:
    - "mcp:github/list_x"
# no line can allow: write .git/config ("{gitdir}/config" is always write-protected: git runs what it names)
"""
    )
    mended = with_document(ruleset, decoded(text, LayerKind.POLICY_FILE).layer(FACTS.runbook))
    assert {item.outcome for item in decide(mended, *operations).rulings} == {Outcome.ALLOW}


def test_text_that_is_known_only_when_it_runs_is_contained_and_then_no_unlisted_name_needs_a_line():
    operations = [run("terraform plan"), run("? x"), run("rm x")]
    text = suggested(rules(), *operations, facts=CONTAINED)
    assert [line.strip() for line in text.splitlines()[2:] if "#" not in line] == [
        "default:",
        "mode: {run: confined}",
        "run:",
        "allow:",
        "- rm",
    ]
    assert "# no line can allow: run $CMD" in suggested(rules(), run("? x"))


def test_what_the_projects_own_document_asks_about_or_denies_is_mended_there():
    project = rules("default: {run: {ask: ['git push*'], deny: [jq]}}")
    assert fix(run("git push origin"), project).yaml == '# remove "git push*" from .rundownrc.yaml:1'
    text = suggested(project, run("git push origin"), run("jq ."), run("terraform"))
    assert text.splitlines()[1:] == [
        "# To be added to .rundownrc.yaml: named by --policy it would take that one's place.",
        "version: 1",
        "default:",
        "  run:",
        "    allow:",
        "      - terraform",
        '# no line can allow: run git (ask "git push*" (project policy, .rundownrc.yaml:1)); '
        'remove "git push*" from .rundownrc.yaml:1',
        '# no line can allow: run jq (deny "jq" (project policy, .rundownrc.yaml:1)); '
        "remove jq from .rundownrc.yaml:1",
    ]


def test_nothing_wanted_gives_a_document_that_opens_nothing():
    assert decoded(suggested(rules(), run("git log"))).layer("").rules == ()


def test_what_a_runbook_wishes_for_is_suggested_too():
    wish = Rule(
        capability=Capability.WRITE, verdict=Outcome.ALLOW, pattern="{repo}/a/**", layer=LayerKind.SESSION
    )
    text = suggested(rules(), write("a/b"), run("jq ."), wishes=[wish])
    assert [line.strip() for line in text.splitlines() if line.startswith("      ")] == ['- "{repo}/a/**"']


def test_a_path_that_no_document_can_hold_is_named_in_a_comment():
    text = suggested(rules(), write("a\nversion: 2"))
    assert decoded(text).layer("").rules == ()
    assert text.splitlines()[-1].startswith("# no line can allow: write a version: 2 (")


@given(a_ruleset(), st.lists(an_operation(), min_size=1, max_size=6), facts)
@settings(max_examples=200)
def test_a_suggested_document_does_it_and_each_of_its_lines_is_needed(ruleset, operations, some_facts):
    text = suggested(ruleset, *operations, facts=some_facts)
    added = decoded(text, LayerKind.POLICY_FILE).layer(some_facts.runbook)

    def refused(added):
        mended = with_document(ruleset, added)
        return [item for item in operations if outcome(mended, item, facts=some_facts) != "allow"]

    told = {line.removeprefix("# no line can allow: ") for line in text.splitlines()}
    beyond = refused(added)
    assert all(
        any(line.startswith(f"{item.capability.value} {item.resource} (") for line in told) for item in beyond
    )
    assert all(refused(less) != beyond for less in smaller(added))


@given(a_ruleset(), an_operation(), facts)
@settings(max_examples=200)
def test_what_one_line_allows_is_never_called_beyond_all_lines(ruleset, operation, some_facts):
    ruling = decide(ruleset, operation, facts=some_facts).rulings[0]
    if ruling.outcome is Outcome.ALLOW or ruling.fix is None or ruling.fix.pattern is None:
        return
    added = decoded(ruling.fix.yaml, LayerKind.POLICY_FILE).layer(some_facts.runbook)
    if outcome(with_document(ruleset, added), operation, facts=some_facts) == "allow":
        assert "# no line" not in suggested(ruleset, operation, facts=some_facts)


def test_a_new_file_is_mended_by_its_directory():
    new = replace(FACTS, missing=frozenset([f"{ROOT}/n2.txt", f"{ROOT}/a b/c", "/data/x"]))
    fixes = [decide(rules(), write(path), facts=new).rulings[0] for path in ("n2.txt", "a b/c", "/data/x")]
    assert [item.fix for item in fixes] == [
        both(f"--allow-write '{ROOT}/**'", 'write: {allow: ["{repo}/**"]}', "{repo}/**"),
        both(f"--allow-write '{ROOT}/a b/**'", 'write: {allow: ["{repo}/a b/**"]}', "{repo}/a b/**"),
        both("--allow-write '/data/**'", 'write: {allow: ["/data/**"]}', "/data/**"),
    ]
    assert fixes[0].why == (
        f"no rule names it; it does not exist yet, and making a file needs its directory, {ROOT}"
    )
    hidden = replace(FACTS, missing=frozenset([f"{ROOT}/.env"]))
    assert decide(rules(), write(".env"), facts=hidden).rulings[0].fix.pattern == "{repo}/.env"


def test_a_suggested_document_says_nothing_that_another_line_of_it_says():
    operations = [
        write("a/b.txt"),
        write("a"),
        read("/data/x/y"),
        read("/data/x"),
        write("/data"),
        write("ab"),
        write("a/.env"),
    ]
    text = suggested(rules(), *operations)
    entries = [line.strip("- ") for line in text.splitlines() if line.startswith("      - ")]
    assert entries == ['"{repo}/a"', "/data", '"{repo}/ab"']
