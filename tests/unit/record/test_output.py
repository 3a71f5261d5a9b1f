"""Output files: what was printed, once, under a name of its own, with the digest that sha256sum gives."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.ordinary import run_python
from tests.support.records import a_run


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    with a_run(tmp_path) as rundir:
        output = rundir.open_output("2.1", 3)
        for piece in (b"one\n", b"", b"\xff\x00two"):
            output.write(piece)
        digest = output.close()
        content = rundir.read_file(output.name)
    assert (output.name, content, output.size_bytes, digest, output.close()) == (
        "output/2.1.3.log",
        b"one\n\xff\x00two",
        9,
        f"sha256:{hashlib.sha256(content).hexdigest()}",
        digest,
    )


def test_an_older_output_is_never_overwritten(tmp_path: Path) -> None:
    with a_run(tmp_path) as rundir:
        names = []
        for text in (b"first", b"second", b"third"):
            with rundir.open_output("1", 1) as output:
                output.write(text)
            names.append((output.name, rundir.read_file(output.name)))
    assert names == [
        ("output/1.1.log", b"first"),
        ("output/1.1-2.log", b"second"),
        ("output/1.1-3.log", b"third"),
    ]


@settings(deadline=None)  # waits for the disk
@given(st.sets(st.text(min_size=1, max_size=300), min_size=2, max_size=2))
def test_different_positions_never_share_a_name(
    tmp_path_factory: pytest.TempPathFactory, positions: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    with a_run(folder) as rundir:
        outputs = [rundir.open_output(position, 1) for position in sorted(positions)]
        for output in outputs:
            output.close()
        inside = {path.name for path in (rundir.path / "output").iterdir()}
    assert {output.name for output in outputs} == {f"output/{name}" for name in inside}
    assert all(not output.name.endswith("-2.log") or "-2" in "".join(positions) for output in outputs)


def test_a_limit_leaves_the_digest_of_what_was_written(tmp_path: Path) -> None:
    text = """
        import sys, resource, hashlib, pathlib
        sys.path.insert(0, ".")
        from tests.support.records import a_run
        from rundown.errors import RecordError

        rundir = a_run(pathlib.Path(sys.argv[1]))
        output = rundir.open_output("1", 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        try:
            output.write(b"x" * 5000)
        except RecordError as error:
            print(*(item.code for item in error.diagnostics))
        print(output.size_bytes, output.close() == "sha256:" + hashlib.sha256(rundir.read_file(output.name)).hexdigest())
    """
    assert run_python(text, str(tmp_path)) == "record/output-not-written\n1000 True\n"
