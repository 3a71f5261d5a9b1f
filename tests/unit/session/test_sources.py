import json
import os
from pathlib import Path

import pytest

from rundown.engine.effects import DrawItem, OpenLoop
from rundown.model.event import EffectFailed, ItemDrawn, LoopOpened, SourceEnded
from rundown.model.runbook import LoopRange
from rundown.session.sources import Sources


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder.resolve()


def draw_all(sources: Sources, opened: LoopOpened | EffectFailed) -> list[object]:
    assert isinstance(opened, LoopOpened)
    items: list[object] = []
    for number in range(1, 100):
        drawn = sources.draw(DrawItem(step="1", iteration=number, source="xs"), opened.mark, "1")
        if isinstance(drawn, SourceEnded):
            assert drawn.length == len(items)
            return items
        assert isinstance(drawn, ItemDrawn)
        items.append(json.loads(drawn.value))
    raise AssertionError("the source never ended")


@pytest.mark.parametrize(
    ("name", "content", "items"),
    [
        ("a.json", '[1, "two", {"three": 3}]', [1, "two", {"three": 3}]),
        ("a.jsonl", '{"n": 1}\n\n"two"\r\n3', [{"n": 1}, "two", 3]),
        ("a.txt", "one\n\ntwo words\r\nthree", ["one", "two words", "three"]),
        ("a.json", "[]", []),
        ("a.txt", "", []),
    ],
)
def test_each_kind_of_file_gives_its_items(root: Path, name: str, content: str, items: list[object]) -> None:
    (root / name).write_bytes(content.encode())
    sources = Sources(str(root))
    opened = sources.open(OpenLoop(step="1", source="xs"), {"xs": f"file:{name}"}, "1")
    assert draw_all(sources, opened) == items


def test_an_item_can_be_drawn_out_of_order(root: Path) -> None:
    (root / "a.txt").write_text("a\nb\nc\n")
    sources = Sources(str(root))
    opened = sources.open(OpenLoop(step="1", source="xs"), {"xs": "file:a.txt"}, "1")
    assert isinstance(opened, LoopOpened)
    drawn = [sources.draw(DrawItem(step="1", iteration=n, source="xs"), opened.mark, "1") for n in (3, 1, 2)]
    assert [json.loads(item.value) for item in drawn if isinstance(item, ItemDrawn)] == ["c", "a", "b"]


@pytest.mark.parametrize("change", ["append", "touch", "replace", "remove"])
def test_a_file_that_changes_between_two_items_stops_the_loop(root: Path, change: str) -> None:
    file = root / "a.txt"
    file.write_text("a\nb\n")
    sources = Sources(str(root))
    opened = sources.open(OpenLoop(step="1", source="xs"), {"xs": "file:a.txt"}, "1")
    assert isinstance(opened, LoopOpened)
    match change:
        case "append":
            file.write_text("a\nb\nc\n")
        case "touch":
            os.utime(file, ns=(1, 1))
        case "replace":
            (root / "b.txt").write_text("x\ny\n")
            os.utime(root / "b.txt", ns=(5, 5))
            (root / "b.txt").rename(file)
        case "remove":
            file.unlink()
    failed = sources.draw(DrawItem(step="1", iteration=1, source="xs"), opened.mark, "1")
    assert isinstance(failed, EffectFailed)
    assert failed.code == "source-drift"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("file:gone.json", "parse-failure"),
        ("file:../outside.txt", "policy-violation"),
        ("file:link.txt", "policy-violation"),
        ("file:a.csv", "type-mismatch"),
        ("file:pipe.txt", "policy-violation"),
        ("plain text", "type-mismatch"),
        ({"a": 1}, "type-mismatch"),
        (7, "type-mismatch"),
        (None, "type-mismatch"),
    ],
)
def test_a_source_that_cannot_be_had_stops_the_run(root: Path, value: object, code: str) -> None:
    (root.parent / "outside.txt").write_text("secret\n")
    (root / "link.txt").symlink_to(root.parent / "outside.txt")
    os.mkfifo(root / "pipe.txt")
    failed = Sources(str(root)).open(OpenLoop(step="1", source="xs"), {"xs": value}, "1")
    assert isinstance(failed, EffectFailed)
    assert failed.code == code


@pytest.mark.parametrize("content", ["{}", "[1", "nothing", "[" * 100_000])
def test_a_file_without_an_array_is_named(root: Path, content: str) -> None:
    (root / "a.json").write_text(content)
    sources = Sources(str(root))
    opened = sources.open(OpenLoop(step="1", source="xs"), {"xs": "file:a.json"}, "1")
    assert isinstance(opened, LoopOpened)
    failed = sources.draw(DrawItem(step="1", iteration=1, source="xs"), opened.mark, "1")
    assert isinstance(failed, EffectFailed)
    assert failed.code == "parse-failure"


def test_a_bad_line_is_named_by_its_number(root: Path) -> None:
    (root / "a.jsonl").write_text('1\n{"a":\n')
    sources = Sources(str(root))
    opened = sources.open(OpenLoop(step="1", source="xs"), {"xs": "file:a.jsonl"}, "1")
    assert isinstance(opened, LoopOpened)
    failed = sources.draw(DrawItem(step="1", iteration=2, source="xs"), opened.mark, "1")
    assert isinstance(failed, EffectFailed)
    assert failed.message.startswith("a.jsonl:2: ")


def test_a_list_is_taken_whole_and_bounds_from_variables() -> None:
    opened = Sources("/nowhere").open(
        OpenLoop(step="1", bounds=LoopRange(start="from", stop=3), source="xs"),
        {"xs": ["a", 2], "from": "2"},
        "1",
    )
    assert opened == LoopOpened(step="1", first=2, last=3, items=('"a"', "2"))


@pytest.mark.parametrize("bound", ["x", "0", "10001", "-1", "1.5", True, None, [1], "١"])
def test_a_bound_that_is_no_number_in_range_is_an_error(bound: object) -> None:
    failed = Sources("/nowhere").open(
        OpenLoop(step="1", bounds=LoopRange(start=1, stop="n")), {"n": bound}, "1"
    )
    assert isinstance(failed, EffectFailed)
    assert failed.code == "type-mismatch"


def test_a_bound_without_a_value_leaves_the_step_to_a_person() -> None:
    effect = OpenLoop(step="1", bounds=LoopRange(start=1, stop="n"))
    assert Sources("/nowhere").open(effect, {}, "1") == LoopOpened(step="1")


def test_a_large_file_is_read_a_line_at_a_time(root: Path) -> None:
    with open(root / "big.jsonl", "wb") as stream:
        stream.write(b'"first"\n"second"\n')
        stream.truncate(8 * 1024**3)
    sources = Sources(str(root))
    opened = sources.open(OpenLoop(step="1", source="xs"), {"xs": "file:big.jsonl"}, "1")
    assert isinstance(opened, LoopOpened)
    drawn = sources.draw(DrawItem(step="1", iteration=2, source="xs"), opened.mark, "1")
    assert drawn == ItemDrawn(step="1", iteration=2, value='"second"')
    failed = sources.draw(DrawItem(step="1", iteration=3, source="xs"), opened.mark, "1")
    assert isinstance(failed, EffectFailed)
    assert failed.message == "big.jsonl:3: the line is longer than 16 MiB"
