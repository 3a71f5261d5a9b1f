import pytest

from rundown.model.diagnostic import Span
from rundown.model.runbook import Continue, FrontMatter, Handler, Input, Runbook, Step, Transitions
from rundown.session.values import Given, gather_values, missing_inputs


def book(*inputs: Input, required: tuple[str, ...] = ()) -> Runbook:
    step = Step(
        id="1",
        named=False,
        title="",
        span=Span(file="a.md", line=1),
        transitions=Transitions(on_pass=Handler(action=Continue()), on_fail=Handler(action=Continue())),
    )
    front = FrontMatter(name="a", inputs=inputs, required=required)
    return Runbook(file="a.md", front=front, steps=(step,), digest="sha256:0")


def test_the_strongest_layer_wins() -> None:
    runbook = book(Input(name="a", default="default"), Input(name="z", default=1))
    layers = [
        ({"builtins": {"a": "builtin", "b": "builtin"}}, {"a": "default", "b": "builtin", "z": 1}),
        ({"config": {"a": "config"}}, {"a": "config"}),
        ({"parent": {"a": "parent"}}, {"a": "parent"}),
        ({"environment": {"RD_INPUT_a": "env", "RD_VAR_a": "older"}}, {"a": "env"}),
        ({"files": ({"a": "file"},)}, {"a": "file"}),
        ({"texts": ("a=text",)}, {"a": "text"}),
        ({"json_texts": ('a={"n": [1]}',)}, {"a": {"n": [1]}}),
    ]
    given: dict[str, object] = {}
    for layer, expected in layers:
        given |= layer
        values, problems = gather_values(runbook, Given(**given))  # type: ignore[arg-type]
        assert problems == ()
        assert {name: values[name] for name in expected} == expected


@pytest.mark.parametrize(
    "given",
    [
        Given(texts=("novalue",)),
        Given(texts=("2x=1",)),
        Given(texts=("Step=1",)),
        Given(texts=("context=1",)),
        Given(json_texts=("a={",)),
        Given(files=({"runid": 1},)),
        Given(config={"bad-name": 1}),
        Given(texts=("env=prod",)),
        Given(texts=("port=http",)),
    ],
)
def test_what_cannot_be_a_value_is_named(given: Given) -> None:
    runbook = book(Input(name="env", options=("dev", "test")), Input(name="port", pattern="[0-9]+"))
    _, problems = gather_values(runbook, given)
    assert [item.code for item in problems] == ["session/bad-input-value"]


def test_reserved_names_in_the_environment_are_passed_over() -> None:
    values, problems = gather_values(book(), Given(environment={"RD_INPUT_Step": "9", "RD_INPUT_ok": "1"}))
    assert (values, problems) == ({"ok": "1"}, ())


def test_a_secret_value_is_not_repeated_in_the_problem() -> None:
    runbook = book(Input(name="pin", pattern="[0-9]+", secret=True))
    _, problems = gather_values(runbook, Given(texts=("pin=hunter2",)))
    assert "hunter2" not in problems[0].message


def test_required_inputs_without_a_value_are_listed() -> None:
    runbook = book(Input(name="a"), Input(name="b"), required=("b", "a"))
    assert [item.name for item in missing_inputs(runbook, {"a": 1})] == ["b"]
