"""The mend that is offered is the mend that works."""

import shlex

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rundown.model.policy import Fix, Layer, LayerKind, Outcome
from rundown.model.request import Capability
from rundown.policy.flags import flag_layer, parse_flags
from rundown.policy.suggest import suggest_document
from tests.support.any_policy import a_ruleset, an_operation, facts
from tests.support.policies import (
    FACTS,
    HOME,
    ROOT,
    decide,
    decoded,
    env,
    flags,
    layer,
    net,
    outcome,
    read,
    rules,
    run,
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


def test_a_suggested_document_lets_the_run_pass_and_names_what_it_cannot():
    ruleset = rules()
    operations = [
        run("terraform plan"),
        run("rm x"),
        run("? x"),
        write("notes.txt"),
        env("API_TOKEN"),
        net("a.example"),
        run("git log"),
        read("/etc/shadow"),
    ]
    rulings = decide(ruleset, *operations).rulings + decide(ruleset, write(".git/config")).rulings
    text = suggest_document(rulings, FACTS)
    assert (
        text
        == """\
# Read every line before you keep it: each opens something that was asked for or denied.
version: 1
default:
  # Text that is known only when it runs: contained by the sandbox instead of asked for.
  mode: {run: confined}
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
# no line can allow: write .git/config ("{gitdir}/config" is always write-protected: git runs what it names)
"""
    )
    above: Layer = decoded(text, LayerKind.POLICY_FILE).layer("")
    mended = replace(ruleset, layers=(above, *ruleset.layers))
    contained = replace(FACTS, no_gap=True)
    assert {item.outcome for item in decide(mended, *operations, facts=contained).rulings} == {Outcome.ALLOW}


def test_nothing_wanted_gives_a_document_that_opens_nothing():
    text = suggest_document(decide(rules(), run("git log")).rulings, FACTS)
    assert decoded(text).layer("").rules == ()


@given(a_ruleset(), st.lists(an_operation(), min_size=1, max_size=6), facts)
@settings(max_examples=200)
def test_a_suggested_document_does_it_and_each_of_its_entries_is_needed(ruleset, operations, some_facts):
    operations = tuple({(item.capability, item.resource): item for item in operations}.values())
    programs = [item.resolved for item in operations if item.capability is Capability.RUN]
    assume(len(programs) == len(set(programs)))  # one file by two names is two lines
    rulings = tuple(decide(ruleset, item, facts=some_facts).rulings[0] for item in operations)
    mendable = [item for item in rulings if item.fix is not None and item.fix.pattern is not None]
    assume(all(item.outcome is Outcome.ASK for item in mendable))  # a deny keeps its own line, always

    def refused(lines):
        above = decoded("\n".join(lines), LayerKind.POLICY_FILE).layer("")
        mended = replace(ruleset, layers=(above, *ruleset.layers))
        return [item for item in mendable if outcome(mended, item.operation, facts=some_facts) != "allow"]

    lines = suggest_document(mendable, some_facts).splitlines()
    entries = [number for number, line in enumerate(lines) if line.startswith("      - ")]
    assert refused(lines) == []
    for number in entries:
        without = [*lines[:number], *lines[number + 1 :]]
        alone = lines[number - 1].endswith("allow:") and number + 1 not in entries
        if alone:
            without[number - 1] = "    allow: []"
        assert refused(without) != []


def test_a_suggested_document_says_nothing_that_another_line_of_it_says():
    operations = [
        write("a/b.txt"),
        write("a"),
        read("/data/x/y"),
        read("/data/x"),
        write("/data"),
        write("ab"),
    ]
    text = suggest_document(decide(rules(), *operations).rulings, FACTS)
    entries = [line.strip("- ") for line in text.splitlines() if line.startswith("      - ")]
    assert entries == ['"{repo}/a"', "/data", '"{repo}/ab"']
