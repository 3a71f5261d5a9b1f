import pytest

from rundown.cli.value_files import read_values
from rundown.errors import InvalidInputError

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{below}'] * 10)}]\n"
    for below, name in zip("abcdef", "bcdefg", strict=True)
)


def test_yaml_is_read_as_the_plain_data_that_is_written_there(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(
        "Day: 2026-01-31\nAt: 12:30:00\nPort: 8080\nVersion: 1.10\nShare: 0.5\nMode: 0o755\nHex: 0x1f\nBig: 1e3\n"
        "On: on\nYes: true\nQuoted: 'true'\nTagged: !!str 5\nNone: null\nTilde: ~\nEmpty:\nList: [1, {a: b}]\n"
        "Shared: &s {k: v}\nAgain: *s\nNaN: .nan\n"
    )
    assert read_values(file) == {
        "Day": "2026-01-31",
        "At": "12:30:00",
        "Port": 8080,
        "Version": "1.10",
        "Share": 0.5,
        "Mode": "0o755",
        "Hex": "0x1f",
        "Big": "1e3",
        "On": "on",
        "Yes": True,
        "Quoted": "true",
        "Tagged": "5",
        "None": None,
        "Tilde": None,
        "Empty": None,
        "List": [1, {"a": "b"}],
        "Shared": {"k": "v"},
        "Again": {"k": "v"},
        "NaN": ".nan",
    }


def test_an_empty_file_gives_nothing(tmp_path):
    (tmp_path / "values.yaml").write_text("# nothing yet\n")
    assert read_values(tmp_path / "values.yaml") == {}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.yaml", b"- a\n", "no map"),
        ("a.yaml", b"a: 1\na: 2\n", "line 2: `a` is written twice"),
        ("a.yaml", b"? [1]\n: 2\n", "line 1: a key that is no text"),
        ("a.yaml", b"a: &a [*a]\n", "recursion"),
        ("a.yaml", BOMB.encode(), "more than 1000000 values"),
        ("a.yaml", b"a: " + b"[" * 500_000, "nested deeper than 100"),
        ("a.yaml", b"a: \xff\n", ""),
        ("a.json", b'{"a": NaN}', "NaN is no JSON"),
        ("a.json", b"{", ""),
        ("gone.yaml", None, "No such file"),
    ],
    ids=["list", "twice", "key", "itself", "bomb", "deep", "not UTF-8", "NaN", "cut", "gone"],
)
def test_what_is_no_map_of_values_is_one_problem(name, content, why, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInputError) as found:
        read_values(tmp_path / name)
    (problem,) = found.value.diagnostics
    assert (problem.code, why in problem.why) == ("cli/bad-input-file", True), problem.why
