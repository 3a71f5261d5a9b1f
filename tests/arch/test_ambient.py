"""Environment and clock come in at one door, so that everything behind it can be told what time it is."""

import ast

import pytest

from tests.support.sources import Module, modules

AMBIENT = {
    "os": {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"},
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}

# Who may look: the front ends and the composition root; and, with its reason, whoever must.
DOORS = {
    "rundown.session.build": "the composition root",
    "rundown.cli": "a front end",
    "rundown.tui": "a front end",
    "rundown.mcp": "a front end",
    "rundown.sandbox.relay": "measures processes, on the monotonic clock only",
    "rundown.sandbox.seatbelt_launcher": "measures processes, on the monotonic clock only",
    "rundown.sandbox.deadline": "enforces time-outs, on the monotonic clock only",
    "rundown.sandbox.walk": "compares times of files with now, to know which may still change unseen",
    "rundown.sandbox.child": "another process: waits for others to end, on the monotonic clock only",
    "rundown.record.lock": "waits a moment for another process to let go",
}


def test_only_front_ends_and_the_composition_root_see_environment_and_clock():
    found = [
        f"{module.name}:{line} {what}"
        for module in modules()
        if not any(module.name == door or module.name.startswith(door + ".") for door in DOORS)
        for line, what in _ambient_reads(module)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    ["import os\nos.environ['A']", "from time import monotonic", "import datetime\ndatetime.datetime.now()"],
)
def test_the_scan_sees_each_way_of_reading_them(text, tmp_path):
    path = tmp_path / "sample.py"
    path.write_text(text)
    assert len(list(_ambient_reads(Module(path)))) == 1


def _ambient_reads(module: Module):
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module in AMBIENT:
            yield from ((node.lineno, item.name) for item in node.names if item.name in AMBIENT[node.module])
        if isinstance(node, ast.Attribute):
            owner = getattr(node.value, "id", None) or getattr(node.value, "attr", "")
            if node.attr in AMBIENT.get(owner, ()):
                yield node.lineno, f"{owner}.{node.attr}"
