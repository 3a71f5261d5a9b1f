"""How patterns match: names, argv prefixes, paths, variables, hosts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rundown.model.policy import LayerKind, Outcome, Rule
from rundown.model.request import Capability
from rundown.policy.match import Certainty, compile_rule
from rundown.policy.paths import Paths
from rundown.policy.pattern import escape_path, find_flaw, literal_argv, unescape_path
from rundown.policy.subject import subject_of
from tests.support.policies import ALLOW, DENY, FACTS, ROOT, env, net, read, request, run, tool

NO, MAYBE, YES = Certainty


def match(pattern, operation, verdict=ALLOW, facts=FACTS, exceptions=()):
    rule = Rule(
        capability=operation.capability,
        verdict=verdict,
        pattern=pattern,
        exceptions=exceptions,
        layer=LayerKind.PROJECT,
    )
    return compile_rule(rule, facts).match(subject_of(operation, request(operation), facts))


@pytest.mark.parametrize(
    ("pattern", "text", "certainty"),
    [
        ("git", "git", YES),
        ("git", "git push origin", YES),
        ("git", "gitk", NO),
        ("g*", "gitk", YES),
        ("go test", "go test ./...", YES),
        ("go test", "go vet", NO),
        ("go test", "go", NO),
        ("git push*", "git push origin", YES),
        ("git push*", "git pushx", YES),
        ("git push --force*", "git push --force-with-lease", YES),
        ("git push --force*", "git push origin --force", NO),
        ("git push ** --force*", "git push origin --force", YES),
        ("git push ** --force*", "git push --force", YES),
        ("git push ** --force*", "git push origin main", NO),
        ("git push **", "git push", YES),
        ("kubectl * pods", "kubectl get pods -A", YES),
        ("kubectl * pods", "kubectl get svc", NO),
        ("git commit -m 'a b'", "git commit -m 'a b'", YES),
        ("git commit -m 'a b'", "git commit -m a b", NO),
        ("tar [cx]f", "tar xf a.tar", YES),
        ("echo '[*]'", "echo '*'", YES),
        ("echo '[*]'", "echo x", NO),
        ("*", "anything", YES),
    ],
)
def test_a_pattern_with_blanks_matches_the_words_from_the_start(pattern, text, certainty):
    assert match(pattern, run(text)) is certainty
    assert match(pattern, run(text), DENY) is certainty


@pytest.mark.parametrize(
    ("pattern", "text", "as_allow", "as_deny"),
    [
        ("git push --force*", "git push ?", NO, MAYBE),
        ("git push --force*", "git ? --force", NO, MAYBE),
        ("git push", "git push ?", YES, YES),
        ("git push origin *", "git push origin ?", YES, YES),
        ("git * origin", "git ? origin", NO, MAYBE),
        ("git ** --force", "git push ?", NO, MAYBE),
        ("git log", "git push ?", NO, NO),
        ("jq", "git ?", NO, NO),
    ],
)
def test_an_unknown_word_is_no_match_for_an_allow_and_a_possible_one_for_a_deny(
    pattern, text, as_allow, as_deny
):
    assert (match(pattern, run(text)), match(pattern, run(text), DENY)) == (as_allow, as_deny)


def test_exceptions_of_a_deny_are_matched_narrowly_and_those_of_an_allow_widely():
    assert match("git push", run("git push ?"), DENY, exceptions=("git push --dry-run",)) is YES
    assert match("git push", run("git push --dry-run"), DENY, exceptions=("git push --dry-run",)) is NO
    assert match("git", run("git push ?"), ALLOW, exceptions=("git push --force",)) is NO
    assert match("git", run("git push origin"), ALLOW, exceptions=("git push --force",)) is YES


@pytest.mark.parametrize(
    ("pattern", "word", "real", "matches"),
    [
        ("git", "/usr/bin/git", "/usr/bin/git", True),
        ("git", "./git", f"{ROOT}/git", False),
        ("git", "bin/link", "/usr/bin/git", True),
        ("/usr/bin/git", "git", "/usr/bin/git", True),
        ("/usr/bin/git", "git", "/opt/git/bin/git", False),
        ("./run.sh", "./run.sh", f"{ROOT}/run.sh", True),
        ("{repo}/scripts/*.sh", "scripts/a.sh", f"{ROOT}/scripts/a.sh", True),
        ("{repo}/scripts/*.sh", "scripts/x/a.sh", f"{ROOT}/scripts/x/a.sh", False),
        ("{repo}/scripts/**", "scripts/x/a", f"{ROOT}/scripts/x/a", True),
        ("~/bin/tool", "/home/ada/bin/tool", "/home/ada/bin/tool", True),
        ("/usr/bin/git push", "/usr/bin/git", "/usr/bin/git", False),
    ],
)
def test_a_word_with_a_slash_matches_paths_and_names_that_resolve_to_the_same_file(
    pattern, word, real, matches
):
    operation = run(word, resolved=real)
    assert (match(pattern, operation) is YES) is matches


def test_programs_that_are_many_by_their_name_are_told_apart():
    facts = replace(
        FACTS, executables={"rm": "/bin/busybox", "cat": "/bin/busybox", "pkill": "/usr/bin/pgrep"}
    )
    assert match("rm", run("/bin/cat", resolved="/bin/busybox"), DENY, facts) is NO
    assert match("rm", run("/bin/rm", resolved="/bin/busybox"), DENY, facts) is YES
    assert match("pkill", run("/usr/bin/pgrep", resolved="/usr/bin/pgrep"), DENY, facts) is NO


def test_what_is_known_only_at_run_time_matches_a_deny_of_everything_alone():
    assert [match(pattern, run("? x"), DENY) for pattern in ("*", "**", "r*", "rm")] == [YES, YES, NO, NO]
    assert [match(pattern, run("? x"), ALLOW) for pattern in ("*", "**")] == [NO, NO]


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("{repo}/**", ROOT, True),
        ("{repo}/**", f"{ROOT}/a/.b/c", True),
        ("{repo}/**", f"{ROOT}x", False),
        ("{repo}", f"{ROOT}/a", True),
        ("dist", f"{ROOT}/dist/a", True),
        ("dist/**", f"{ROOT}/dist", True),
        ("{repo}/{a,b}/**", f"{ROOT}/b/x", True),
        ("{repo}/{a,b}/**", f"{ROOT}/c/x", False),
        ("{repo}/*.txt", f"{ROOT}/a.txt", True),
        ("{repo}/*.txt", f"{ROOT}/d/a.txt", False),
        ("{repo}/+(a|b)/x", f"{ROOT}/abba/x", True),
        ("**/*.pem", "/any/where/x.pem", True),
        ("~/.ssh/config", "/home/ada/.ssh/config", True),
        ("{gitdir}/**", "/srv/app/.git/index", True),
        ("{cache}/x", f"{FACTS.cache}/x", True),
        ("{repo}/a.txt", f"{ROOT}/a.txt\n", False),
        ("/", "/etc/passwd", True),
    ],
)
def test_path_patterns(pattern, path, matches):
    assert (match(pattern, read(path)) is YES) is matches


def test_a_place_that_does_not_exist_matches_nothing():
    facts = replace(FACTS, gitdir=None)
    assert match("{gitdir}/**", read("/anything"), facts=facts) is NO


def test_the_private_tmp_is_not_a_project_that_lies_in_the_hosts_tmp():
    facts = replace(FACTS, root="/tmp/project")
    found = [match("{tmp}/**", read(path), facts=facts) for path in ("/tmp/x", "/tmp/project/x", "/tmp")]
    assert found == [YES, NO, YES]


def test_a_bare_name_denies_at_any_depth_and_allows_at_the_root_only():
    deep = read("a/b/.env")
    assert (match(".env", deep, DENY), match(".env", deep), match(".env", read(".env"))) == (YES, NO, YES)


def test_a_deny_of_a_directory_is_one_of_all_below():
    assert match("/data/private", read("/data/private/a/b"), DENY) is YES
    assert match("**/private", read("/data/private/a/b"), DENY) is YES


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("LC_*", "LC_ALL", True),
        ("LC_*", "lc_all", False),
        ("PATH", "PATHX", False),
        ("*_KEY", "A_KEY", True),
        ("[AB]", "A", True),
    ],
)
def test_variables_match_by_name_and_case(pattern, name, matches):
    assert (match(pattern, env(name)) is YES) is matches


def test_letting_a_variable_be_set_is_another_thing_than_letting_it_through():
    assigned = env("PATH", kind="escape")
    assert (match("PATH=", assigned), match("PATH=", env("PATH"))) == (YES, NO)
    assert (match("PATH", assigned), match("PATH", assigned, DENY)) == (NO, YES)


@pytest.mark.parametrize(
    ("pattern", "target", "as_allow", "as_deny"),
    [
        ("a.example", "a.example:443", YES, YES),
        ("a.example", "A.Example.:443", YES, YES),
        ("a.example", "a.example:80", YES, YES),
        ("a.example", "a.example:22", NO, YES),
        ("a.example:22", "a.example:22", YES, YES),
        ("a.example:22", "a.example", YES, NO),
        ("a.example:*", "a.example:9", YES, YES),
        ("*.a.example", "b.c.a.example:443", YES, YES),
        ("*.a.example", "a.example:443", NO, NO),
        ("*.a.example", "xa.example:443", NO, NO),
        ("10.0.0.0/8", "10.1.2.3:443", YES, YES),
        ("10.0.0.0/8", "11.1.2.3:443", NO, NO),
        ("10.0.0.0/8", "ten.example:443", NO, NO),
        ("[::1]:5", "[0:0:0:0:0:0:0:1]:5", YES, YES),
        ("fd00::/8", "[fd12::1]:443", YES, YES),
        ("*", "a.example:443", YES, YES),
        ("*", "a.example:9", NO, YES),
        ("bücher.example", "https://xn--bcher-kva.example/x", YES, YES),
    ],
)
def test_hosts_are_compared_in_their_one_form(pattern, target, as_allow, as_deny):
    assert (match(pattern, net(target)), match(pattern, net(target), DENY)) == (as_allow, as_deny)


words = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=8)


@given(st.lists(words, max_size=4), st.lists(words, max_size=3))
def test_a_literal_argv_pattern_matches_its_words_and_what_follows_them(first, rest):
    pattern = literal_argv(("cmd", *first))
    operation = replace(run("cmd"), argv=("cmd", *first, *rest))
    assert match(pattern, operation) is YES
    for at in range(len(first)):
        changed = ("cmd", *first[:at], first[at] + "!", *first[at + 1 :], *rest)
        assert match(pattern, replace(operation, argv=changed)) is NO


names = st.text(
    alphabet=st.characters(exclude_characters="/\0", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8
)


@given(st.lists(names.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4))
def test_any_project_path_is_matched_literally_whatever_its_letters(parts):
    root = "/" + "/".join(parts)
    facts = replace(FACTS, root=root)
    assert unescape_path(escape_path(root)) == root
    for pattern in ("{repo}/**", "{repo}/*.txt", "{repo}/{a,b}.txt"):
        assert Paths(pattern, facts).match(f"{root}/a.txt")
        assert not Paths(pattern, facts).match(f"{root}x/a.txt")
    literal = escape_path(f"{root}/a.txt")
    assert find_flaw(Capability.READ, literal, Outcome.ALLOW) is None
    assert Paths(literal, facts).match(f"{root}/a.txt")
    assert Paths(literal, facts).bases == (f"{root}/a.txt",)


@given(st.text(max_size=20), st.sampled_from(list(Capability)), st.sampled_from(list(Outcome)))
def test_a_pattern_without_a_flaw_compiles_and_matches_without_a_complaint(text, capability, verdict):
    if capability is Capability.HOST or find_flaw(capability, text, verdict):
        return
    operation = {
        Capability.RUN: run("git push"),
        Capability.READ: read("a"),
        Capability.WRITE: read("a", capability=Capability.WRITE),
        Capability.ENV: env("A"),
        Capability.NET: net("a.example"),
        Capability.TOOL: tool("mcp:a/b"),
    }[capability]
    assert match(text, operation, verdict) in (NO, MAYBE, YES)


def test_patterns_that_would_take_for_ever_are_refused():
    for text in ("*(*(a))b", "+(a|+(b))", "*a" * 13, "{1..100000}", "{a,b}" * 12):
        assert find_flaw(Capability.READ, text, DENY) is not None
    assert re.fullmatch(r".*", "")  # the guard is on the text, not on time
