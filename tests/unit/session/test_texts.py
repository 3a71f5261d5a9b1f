"""Values in texts: shown as text, run as data, and secret ones neither."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rundown.session.texts import BoundText, Texts

SECRET = frozenset({"Key"})
VALUES = {"Name": "a b", "Key": "hunter2-long", "Items": [1, {"x": "y"}], "Count": 3, "Long": "x" * 131_072}


def texts(**values: object) -> Texts:
    return Texts({**VALUES, **values}, SECRET)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no braces", "no braces"),
        ("Deploy {{Name}}", "Deploy a b"),
        ("{{ Items }} {{Items.1.x}} {{Count}}", '[1, {"x": "y"}] y 3'),
        ("{{Nobody}} stays", "{{Nobody}} stays"),
        ("with {{Key}}", "with [REDACTED:Key]"),
    ],
)
def test_people_read_values_as_text_and_no_secrets(text: str, shown: str) -> None:
    assert texts().shown(text) == shown


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("Fix it.", BoundText(text="Fix it.")),
        ("Fix {{Name}}.", BoundText(text="Fix a b.")),
        ("{{Nobody}} {{Name}}", BoundText(text="{{Nobody}} a b", problem="undefined-variable: Nobody")),
        (
            "Use {{Key}}",
            BoundText(text="Use {{Key}}", problem="a task cannot hold the secret input Key"),
        ),
    ],
)
def test_a_task_is_told_with_its_values_or_not_at_all(text: str, bound: BoundText) -> None:
    assert texts().task(text) == bound


def test_a_script_without_values_is_the_script() -> None:
    assert texts().bind("echo hello\n", "sh") == BoundText(text="echo hello\n")


def test_a_script_carries_a_secret_and_shows_its_name() -> None:
    bound = texts().bind('deploy --key "{{Key}}"\n', "sh")
    ((name, value),) = bound.values
    assert (bound.text, value, "hunter2" in bound.shown, bound.problem) == (
        f'deploy --key "${{{name}}}"\n',
        "hunter2-long",
        False,
        "",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("echo {{Nobody}}\n", "undefined-variable: Nobody"),
        ("echo {{Long}}\n", "too-long: a value is longer than the 128 KiB that a variable may have"),
    ],
)
def test_a_script_whose_values_cannot_be_had_says_so(text: str, problem: str) -> None:
    assert texts().bind(text, "sh").problem == problem


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40))
def test_what_a_person_pastes_is_the_value_and_nothing_else(value: str) -> None:
    script = texts(Value=value).by_hand('printf %s "{{Value}}"\n', "sh")
    ran = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True, env={})
    assert (ran.stdout, ran.stderr) == (value.encode(), b"")


@pytest.mark.parametrize(
    ("entry", "name", "value"),
    [
        ("Name", "Name", '"a b"'),
        ("Items", "Items", '[1, {"x": "y"}]'),
        ("Other Name", "Other", '"a b"'),
        ("Other 'Site {{Name}}'", "Other", '"Site a b"'),
        ('Other "quoted"', "Other", '"quoted"'),
        ("Other {{Count}} items", "Other", '"3 items"'),
        ("Nobody", "Nobody", None),
        ("Other Nobody", "Other", None),
        ("Key", "Key", None),
        ("Other Key", "Other", None),
        ("Other {{Key}}", "Other", '"[REDACTED:Key]"'),
    ],
)
def test_an_output_is_a_name_a_text_or_a_template(entry: str, name: str, value: str | None) -> None:
    assert texts().output(entry) == (name, value)
