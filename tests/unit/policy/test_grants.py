"""What a remembered answer covers, and that nobody is asked the same thing twice."""

from hypothesis import given
from msgspec.structs import replace

from rundown.model.policy import Grant, NeedsPrompt, Outcome
from rundown.model.request import Capability
from rundown.policy.grants import find_grant, flaw_of, remember
from tests.support.any_policy import a_ruleset, an_operation, facts
from tests.support.policies import (
    FACTS,
    ROOT,
    decide,
    env,
    host,
    net,
    outcome,
    read,
    request,
    rules,
    run,
    write,
)

DEFAULT = rules("default: {run: {ask: [jq, 'git push*']}}")


def remembered(operation, ruleset=DEFAULT, **changes):
    ruling = decide(ruleset, operation).rulings[0]
    assert ruling.outcome is Outcome.ASK
    return remember(request(operation), ruling, **changes)


def test_a_literal_is_remembered_by_name_and_real_path():
    given = remembered(run("terraform plan"))
    assert given == Grant(capability=Capability.RUN, pattern="terraform", resolved="/usr/bin/terraform")
    assert outcome(DEFAULT, run("terraform apply"), grants=(given,)) == "allow"
    elsewhere = run("terraform apply", resolved="/tmp/terraform")
    assert outcome(DEFAULT, elsewhere, grants=(given,)) == "ask"


def test_an_escape_and_opaque_text_are_remembered_word_for_word():
    for kind in ("escape", "opaque"):
        operation = run("perl -e 'print 1' x", kind=kind)
        given = remembered(operation)
        assert given.argv == ("perl", "-e", "print 1", "x")
        assert outcome(DEFAULT, operation, grants=(given,)) == "allow"
        other = run("perl -e 'print 2' x", kind=kind)
        assert outcome(DEFAULT, other, grants=(given,)) == "ask"


def test_a_name_that_was_granted_does_not_cover_its_escapes_nor_inline_code():
    given = remembered(run("perl x.pl"))
    assert outcome(DEFAULT, run("perl -e 1", kind="opaque"), grants=(given,)) == "ask"
    assert outcome(DEFAULT, run("perl -x y", kind="escape"), grants=(given,)) == "ask"


def test_an_ask_for_some_words_is_remembered_for_those_words():
    given = remembered(run("git push origin main"))
    assert outcome(DEFAULT, run("git push origin main"), grants=(given,)) == "allow"
    assert outcome(DEFAULT, run("git push origin --force"), grants=(given,)) == "ask"


def test_text_known_only_at_run_time_is_remembered_for_this_very_text():
    operation = run("? x")
    ruling = decide(DEFAULT, operation).rulings[0]
    given = remember(request(operation, text="$CMD x"), ruling)
    kinds = {
        text: find_grant((given,), Outcome.ALLOW, (operation, request(operation, text=text), FACTS))
        is not None
        for text in ("$CMD x", "$CMD x; true")
    }
    assert (kinds, given.digest is not None) == ({"$CMD x": True, "$CMD x; true": False}, True)


def test_paths_variables_hosts_and_words_are_remembered_by_what_they_are():
    assert [
        remembered(item).pattern
        for item in (
            write("notes.txt"),
            read("odd [name]", resolved="/data/odd [name]"),
            env("EDITOR"),
            env("PATH", kind="escape"),
            net("https://A.example/x"),
            host("pid"),
        )
    ] == [f"{ROOT}/notes.txt", r"/data/odd \[name\]", "EDITOR", "PATH=", "a.example:443", "pid"]


def test_an_edited_pattern_covers_what_it_says():
    given = remembered(run("git push origin main"), pattern="git push origin *")
    assert outcome(DEFAULT, run("git push origin feature"), grants=(given,)) == "allow"
    assert outcome(DEFAULT, run("git push elsewhere main"), grants=(given,)) == "ask"
    tree = remembered(write("notes.txt"), pattern="{repo}/notes/**")
    assert outcome(DEFAULT, write("notes/a"), grants=(tree,)) == "allow"


def test_a_flawed_pattern_counts_as_not_edited():
    for bad in ("", "!x", "'open", "{nope}/x"):
        assert remembered(write("notes.txt"), pattern=bad).pattern == f"{ROOT}/notes.txt" or bad == "'open"
    assert flaw_of(Capability.RUN, "git 'push") is not None
    assert flaw_of(Capability.HOST, "net") is not None
    assert remembered(run("terraform x"), pattern="terraform 'x").pattern == "terraform"


def test_all_of_this_type():
    assert remembered(run("terraform x"), everything=True) == Grant(
        capability=Capability.RUN, pattern="*", everything=True
    )


@given(a_ruleset(), an_operation(), facts)
def test_after_an_answer_the_same_text_is_never_asked_again(ruleset, operation, some_facts):
    decision = decide(ruleset, operation, facts=some_facts)
    if not isinstance(decision, NeedsPrompt):
        return
    given = remember(request(operation), decision.asks[0])
    for verdict, expected in ((Outcome.ALLOW, "allow"), (Outcome.DENY, "deny")):
        answered = (replace(given, verdict=verdict),)
        assert outcome(ruleset, operation, facts=some_facts, grants=answered) == expected


def test_an_answer_about_a_new_file_opens_what_making_it_takes_and_is_asked_for_once():
    new = replace(FACTS, missing=frozenset([f"{ROOT}/notes/n.txt"]))
    decision = decide(rules(), write("notes/n.txt"), facts=new)
    grant = remember(decision.request, decision.rulings[0])
    assert grant == Grant(capability=Capability.WRITE, pattern=f"{ROOT}/notes/**")
    allowed = decide(rules(), write("notes/n.txt"), facts=new, grants=(grant,))
    assert f"{ROOT}/notes/**" in allowed.envelope.write_allow
    assert outcome(rules(), write("notes/n.txt"), grants=(grant,)) == "allow"  # once it is there
    assert outcome(rules(), write("notes/.env"), grants=(grant,), facts=new) == "deny"
