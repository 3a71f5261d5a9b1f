"""What a run is started as, and what no record of it holds."""

import json
import os
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown import __version__
from rundown.model.contract import Contract
from rundown.model.event import Body, Event, HostProbed, PolicyFrozen, RunStarted
from rundown.session.composition import Family
from rundown.session.desk import Desk, open_desk
from rundown.session.library import Document, Opened, parse_document
from rundown.session.opening import begin, draw_contract, frozen_anew, make_work_directory
from rundown.session.run import Run, Start
from rundown.session.surroundings import Surroundings
from rundown.session.wish import Wish
from tests.support.bench import RUN_ID, Bench

TEXT = "# T\n\n## 1. A\n\n```agent mock\nDo.\n```\n\n## 2. B\n\n```agent\nDo.\n```\n"
START = Start(
    values={"Site": "east", "Pin": "1234", "context": {"parent": {"vars": {"Site": "east"}}}},
    secret=frozenset({"Pin", "Absent"}),
    prompted=True,
    agent="command",
    family=Family(run_ids=("r0", "r1")),
)
INPUTS = {"Site": '"east"', "context": '{"parent": {"vars": {"Site": "east"}}}'}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    place = tmp_path_factory.mktemp("opening")
    (place / "project/.git").mkdir(parents=True)
    (place / "project/a.runbook.md").write_text(TEXT)
    (place / "project/link.runbook.md").symlink_to("a.runbook.md")
    around = Surroundings(
        environ={"PATH": "/usr/bin:/bin"},
        cwd=place / "project",
        home=place,
        state=place / "state",
        config=place / "config",
        cache=place / "cache",
        system_policy=place / "none.yaml",
        now_ns=time.time_ns,
        has_terminal=False,
        stdout_terminal=False,
    )
    return open_desk(Wish(sandbox="best"), around, None)


def event(body: Body) -> Event:
    return Event(seq=0, at="", prev="", body=body)


@pytest.fixture
def opened(desk: Desk) -> Opened:
    path = Path(desk.project.root, "link.runbook.md")
    return parse_document(Document(file="link.runbook.md", path=path, content=path.read_bytes()))


def test_a_contract_holds_the_terms_and_no_secret(desk: Desk, opened: Opened) -> None:
    contract = draw_contract(desk, opened, START, run_id=RUN_ID, now_ns=1_772_366_645_000_000_000)
    assert contract == Contract(
        run_id=RUN_ID,
        at="2026-03-01T12:04:05.000000Z",
        root=desk.project.root,
        rundown_version=__version__,
        runbook_file="link.runbook.md",
        runbook_path=f"{desk.project.root}/a.runbook.md",
        runbook_digest=opened.runbook.digest,
        policy_digest=desk.loaded.digest,
        inputs=INPUTS,
        host=desk.host,
        isolation="best",
        agents=("command", "mock"),
        prompted=True,
        parent_run="r1",
    )
    assert "1234" not in json.dumps(contract.inputs)


def test_the_first_facts_are_the_contracts(desk: Desk, opened: Opened) -> None:
    bench = Bench(TEXT, Path("/p"))
    run = Run(
        directory=type("Directory", (), {"run_id": RUN_ID})(),
        log=bench.log,  # type: ignore[arg-type]
        course=bench.course,
        opened=opened,
        start=START,
    )
    assert list(begin(desk, run)) == [
        RunStarted(
            run_id=RUN_ID,
            runbook_file="link.runbook.md",
            runbook_path=f"{desk.project.root}/a.runbook.md",
            runbook_digest=opened.runbook.digest,
            root=desk.project.root,
            rundown_version=__version__,
            context_id=RUN_ID,
            agent="command",
            prompted=True,
            inputs=INPUTS,
            parent_run="r1",
            withheld=("Pin",),
        ),
        HostProbed(facts=desk.host, wish="best"),
        PolicyFrozen(digest=desk.loaded.documents_digest, sources=desk.loaded.sources),
    ]
    child = replace(run, start=replace(START, context_id="c-1"))
    assert next(begin(desk, child)).context_id == "c-1"  # type: ignore[union-attr]


def test_a_run_that_goes_on_says_what_it_is_under_now_and_only_if_that_changed(desk: Desk) -> None:
    probed = HostProbed(facts=desk.host, wish="best")
    frozen = PolicyFrozen(digest=desk.loaded.documents_digest, sources=desk.loaded.sources)
    older = replace(frozen, digest="sha256:older")
    bare = replace(desk, wish=Wish(sandbox="none"))
    assert [
        list(frozen_anew(desk, probed, frozen)),
        list(frozen_anew(desk, probed, older)),
        list(frozen_anew(bare, probed, frozen)),
        list(frozen_anew(desk, None, None)),
    ] == [
        [],
        [frozen],
        [replace(probed, wish="none")],
        [probed, frozen],
    ]


def test_steps_get_a_place_to_write_beside_the_records(tmp_path: Path) -> None:
    (tmp_path / ".rundown").mkdir()
    make_work_directory(tmp_path)
    make_work_directory(tmp_path)
    assert (tmp_path / ".rundown/work").is_dir()


def test_no_place_is_made_where_the_records_are_not_our_own(tmp_path: Path) -> None:
    for name in ("nowhere", "linked", "file", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "linked/.rundown").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file/.rundown").write_text("")
    for name in ("nowhere", "linked", "file"):
        make_work_directory(tmp_path / name)
    if os.getuid() == 0:
        (tmp_path / "theirs/.rundown").mkdir(parents=True)
        os.chown(tmp_path / "theirs/.rundown", 65534, 65534)
        make_work_directory(tmp_path / "theirs")
    assert [str(path) for path in tmp_path.rglob("work")] == []
