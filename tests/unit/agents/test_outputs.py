import pytest

from rundown.agents.outputs import read_outputs


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
