"""Names use the words of the house: one word, one meaning, and none that says nothing."""

import re

from tests.support.sources import definitions, modules

EMPTY_WORDS = {
    "manager", "managers", "helper", "helpers", "util", "utils", "handler", "handlers", "service", "services",
    "data", "info", "whitelist", "blacklist",
}  # fmt: skip

# "Handler" is a word of the runbook language: what a unit says to do for one result.
WORDS_OF_THE_LANGUAGE = {"rundown.model.runbook.Handler"}


def test_public_names_avoid_words_that_say_nothing():
    names = [module.name for module in modules()]
    names += [str(item) for module in modules() for item in definitions(module) if item.public]
    assert [name for name in names if name not in WORDS_OF_THE_LANGUAGE and _says_nothing(name)] == []


def _says_nothing(dotted: str) -> bool:
    last = dotted.rsplit(".", 1)[-1]
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", last)
    return last == "is_ok" or any(word.lower() in EMPTY_WORDS for word in words)
