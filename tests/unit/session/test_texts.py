import pytest

from rundown.session.texts import Texts

SECRET = frozenset({"Pin"})


@pytest.mark.parametrize(
    ("script", "value", "shown"),
    [
        ('echo "{{Name}}"', "ann", 'echo "ann"'),
        ("echo {{Name}}", "a/b-c.d", "echo a/b-c.d"),
        ('echo "{{Name}}"', "two words", "__rd_0='two words'\necho \"${__rd_0}\""),
        ("echo {{Name}}", "it's $(x)", "__rd_0='it'\"'\"'s $(x)'\necho \"${__rd_0}\""),
        ("echo {{Name}}", "--version", '__rd_0=--version\necho "${__rd_0}"'),
        ("echo {{Other}} {{Name}}", "a", "echo {{Other}} a"),
        ('echo "{{Pin}}"', "a", "__rd_0='[REDACTED:Pin]'\necho \"${__rd_0}\""),
    ],
)
def test_a_script_for_a_person_keeps_every_value_data(script, value, shown) -> None:
    assert Texts({"Name": value, "Pin": "1234"}, SECRET).by_hand(script, "sh") == shown


def test_a_secret_is_shown_nowhere_and_runs_as_data_only() -> None:
    texts = Texts({"Pin": "1234", "Map": {"Pin": "x"}}, SECRET)
    bound = texts.bind('test "{{Pin}}" = {{Pin}}', "sh")
    assert texts.shown("{{Pin}} {{Pin.field}} {{Map.Pin}}") == "[REDACTED:Pin] {{Pin.field}} x"
    assert (bound.text, bound.shown, dict(bound.values)) == (
        'test "${__rd_0}" = "${__rd_1}"',
        'test "[REDACTED:Pin]" = [REDACTED:Pin]',
        {"__rd_0": "1234", "__rd_1": "1234"},
    )


@pytest.mark.parametrize(
    "script", ["echo '{{Pin}}'", "{{Pin}} x", "echo $(( {{Pin}} ))", "bash -c 'echo {{Pin}}'"]
)
def test_a_secret_is_never_written_into_a_script(script) -> None:
    bound = Texts({"Pin": "1234"}, SECRET).bind(script, "bash")
    assert ("secret" in bound.problem, "1234" in bound.text) == (True, False)


def test_a_task_with_a_secret_is_refused() -> None:
    assert Texts({"Pin": "1234"}, SECRET).task("log in with {{ Pin }}").problem != ""


@pytest.mark.parametrize(
    ("entry", "output"),
    [
        ("Name", ("Name", '"ann"')),
        ("Pin", ("Pin", None)),
        ("Alias Name", ("Alias", '"ann"')),
        ("Alias Pin", ("Alias", None)),
        ("Text 'to {{Name}} with {{Pin}}'", ("Text", '"to ann with [REDACTED:Pin]"')),
        ("Text to {{Name}}", ("Text", '"to ann"')),
        ("Nobody", ("Nobody", None)),
    ],
)
def test_an_output_has_the_value_of_its_expression_and_never_a_secret(entry, output) -> None:
    assert Texts({"Name": "ann", "Pin": "1234"}, SECRET).output(entry) == output
