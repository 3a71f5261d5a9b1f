import pytest

from rundown.agents.outputs import read_answer, read_outputs


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('done\n```json\n{"A": 1, "B": [2]}\n```\nRESULT: PASS', {"A": 1, "B": [2]}),
        ('{"A": 1} and then {"A": 2}', {"A": 2}),
        ('{"A": 1} and then {"C": 2}', {"A": 1}),
        ('{"outer": {"A": 1}}', {}),
        ("{ not json } {", {}),
        ("nothing", {}),
        ("{" * 5000 + '{"A": 1}', {}),
    ],
)
def test_values_come_from_the_last_object_that_names_one(said: str, found: dict[str, object]) -> None:
    assert read_outputs(said, ("A", "B")) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('first {"A": 1}\n```json\n{"X": {"A": 2}}\n```\nRESULT: PASS', {"X": {"A": 2}}),
        ("{}", {}),
        ('[1, 2] "text" 3', None),
        ('{"A": NaN}', None),
        ("{ not json }", None),
        ("", None),
    ],
)
def test_an_answer_is_the_last_object(said: str, found: dict[str, object] | None) -> None:
    assert read_answer(said) == found
