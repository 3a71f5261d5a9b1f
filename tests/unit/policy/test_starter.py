"""What `policy init` writes is valid, says what it is, and opens what was asked for."""

import itertools

import pytest

from rundown.policy.load import tool_document
from rundown.policy.starter import LANGUAGES, Starter, starter_document
from tests.support.policies import decoded, layer, outcome, rules, run, write

ANSWERS = [
    Starter(languages=languages, agents=agents, ci=ci)
    for count in range(len(LANGUAGES) + 1)
    for languages in itertools.combinations(LANGUAGES, count)
    for agents in (False, True)
    for ci in (False, True)
]


def test_every_set_of_answers_gives_a_valid_commented_document():
    for answers in ANSWERS:
        text = starter_document(answers)
        document = decoded(text).document
        assert [f"tool/{LANGUAGES[name]}" for name in answers.languages] == list(document.extends)
        assert text.count("#") >= 5


def test_profiles_of_all_languages_are_shipped():
    for name in LANGUAGES.values():
        assert tool_document(name).document.extends == ()


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        (Starter(), ("ask", "ask", "allow")),
        (Starter(ci=True), ("deny", "allow", "allow")),
        (Starter(agents=True), ("ask", "allow", "deny")),
    ],
    ids=["plain", "ci", "agents"],
)
def test_answers_change_what_is_opened(answers, found):
    ruleset = rules(layer(starter_document(answers)))
    operations = (run("terraform plan"), write("notes.txt"), run("git push"))
    assert tuple(outcome(ruleset, item) for item in operations) == found
