"""What steps would need is seen before the first of them runs, by the same evaluator."""

import time

import pytest
from msgspec.structs import replace

from rundown.errors import InvalidInputError
from rundown.model.policy import Grant, Outcome
from rundown.model.request import Capability
from rundown.policy.flags import PolicyFlags
from rundown.session.desk import Desk, open_desk
from rundown.session.library import Document, parse_document
from rundown.session.outlook import Outlook, look_ahead, refusals
from rundown.session.ports import Foreseen
from rundown.session.reach import Chapter
from rundown.session.surroundings import Surroundings
from rundown.session.wish import Wish


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    place = tmp_path_factory.mktemp("outlook")
    for name in ("home", "project/.git"):
        (place / name).mkdir(parents=True)
    around = Surroundings(
        environ={"PATH": "/usr/bin:/bin"},
        cwd=place / "project",
        home=place / "home",
        state=place / "state",
        config=place / "config",
        cache=place / "cache",
        system_policy=place / "none.yaml",
        now_ns=time.time_ns,
        has_terminal=False,
        stdout_terminal=False,
    )
    return open_desk(Wish(), around, None)


def ahead(
    desk: Desk, text: str, *, grants: tuple[Grant, ...] = (), agent: str | None = None, **values: object
) -> Outlook:
    path = desk.around.cwd / "a.runbook.md"
    opened = parse_document(Document(file="a.runbook.md", path=path, content=text.encode()))
    return look_ahead(Chapter(opened=opened, values=values), desk, grants, agent=agent)


def book(*blocks: str, front: str = "", language: str = "sh") -> str:
    head = f"---\n{front}\n---\n" if front else ""
    steps = (f"## {place}. S\n\n```{language}\n{block}\n```\n" for place, block in enumerate(blocks, 1))
    return head + "# T\n\n" + "\n".join(steps)


def lines(found: tuple[Foreseen, ...]) -> list[tuple[str, tuple[str, ...]]]:
    return [(item.text, item.positions) for item in found]


def test_asks_and_denials_are_grouped_over_the_steps_in_their_order(desk: Desk) -> None:
    found = ahead(desk, book("rm x", "cat x | deploy-tool", "git log; rm y; deploy-tool z"))
    assert (lines(found.denials), lines(found.asks)) == (
        [("run rm", ("1", "3"))],
        [("run deploy-tool", ("2", "3"))],
    )


def test_an_odd_command_is_told_whole_and_apart_from_the_plain_one(desk: Desk) -> None:
    found = ahead(desk, book("deploy-tool", 'git -c core.pager="sh evil" log', '"$X" now'))
    assert [text.partition(":")[0] for text, _ in lines(found.asks)] == [
        "run deploy-tool",
        "run git -c 'core.pager=sh evil' log",
        'run "$X"',
    ]


def test_what_is_allowed_for_the_session_covers_each_use(desk: Desk) -> None:
    found = ahead(desk, book("deploy-tool a", "deploy-tool b"))
    assert ahead(desk, book("deploy-tool a", "deploy-tool b"), grants=found.asks[0].grants).asks == ()


def test_text_whose_values_are_not_known_yet_is_asked_for_at_its_step(desk: Desk) -> None:
    text = book('deploy-tool "{{Site}}"')
    assert (lines(ahead(desk, text).asks), lines(ahead(desk, text, Site="east").asks)) == (
        [],
        [("run deploy-tool", ("1",))],
    )


def test_substeps_have_their_own_positions(desk: Desk) -> None:
    text = "# T\n\n## 1. A\n\n### 1.1 B\n\n```sh\ndeploy-tool\n```\n\n### 1.2 C\n\nBy hand.\n"
    assert lines(ahead(desk, text).asks) == [("run deploy-tool", ("1.1",))]


def test_an_agents_script_is_foreseen_and_an_agent_that_cannot_be_had_is_not(desk: Desk) -> None:
    text = book("deploy-tool", language="agent")
    assert [lines(ahead(desk, text, agent=agent).asks) for agent in ("command", "llm", None)] == [
        [("run deploy-tool", ("1",))],
        [],
        [],
    ]


# --- changing the project -------------------------------------------------------------------------------


def test_steps_that_may_change_files_offer_to_open_the_project(desk: Desk) -> None:
    found = ahead(desk, book("cat x", "python3 build.py", "cat y", "deploy-tool"))
    assert found.writes == Foreseen(
        text="write {repo}/** (they may change files of this project)",
        positions=("2", "4"),
        outcome=Outcome.ASK,
        grants=(Grant(capability=Capability.WRITE, pattern=f"{desk.project.root}/**"),),
    )
    assert found.questions[-1] is found.writes


def test_plain_readers_do_not(desk: Desk) -> None:
    assert ahead(desk, book("cat x | sort | uniq -c")).writes is None


def test_once_it_is_open_it_is_not_offered_again(desk: Desk) -> None:
    grant = Grant(capability=Capability.WRITE, pattern=f"{desk.project.root}/**")
    flags = PolicyFlags(allow={Capability.WRITE: (desk.project.root,)})
    text = book("python3 build.py")
    opened = open_desk(Wish(flags=flags), desk.around, None)
    unconfined = replace(desk, wish=Wish(sandbox="none"))
    assert [
        ahead(desk, text, grants=(grant,)).writes,
        ahead(opened, text).writes,
        ahead(unconfined, text).writes,
    ] == [None, None, None]


# --- what the runbook asks for itself -------------------------------------------------------------------

WANTS = "permissions:\n  run: {allow: [deploy-tool, git, rm]}\n  net: {allow: ['db.internal:5432']}"


def test_what_front_matter_asks_for_and_does_not_have_is_a_question(desk: Desk) -> None:
    found = ahead(desk, book("cat x", front=WANTS))
    assert [(item.text, item.outcome.value) for item in found.wanted] == [
        ("run deploy-tool (the runbook asks for it)", "ask"),
        ("run rm (the runbook asks for it)", "deny"),
        ("net db.internal:5432 (the runbook asks for it)", "ask"),
    ]


def test_where_nobody_can_be_asked_each_is_told_with_its_flag(desk: Desk) -> None:
    found = refusals(ahead(desk, book("cat x", front=WANTS)))
    assert [(item.code, item.why, item.fix) for item in found] == [
        ("policy/missing-permission", "nobody can be asked here", "--allow-run deploy-tool"),
        ("policy/missing-permission", "denied by policy", "--allow-run rm"),
        ("policy/missing-permission", "nobody can be asked here", "--allow-net db.internal:5432"),
    ]


def test_permissions_that_are_none_are_told(desk: Desk) -> None:
    with pytest.raises(InvalidInputError):
        ahead(desk, book("cat x", front="permissions: {fly: {allow: [x]}}"))


def test_nothing_is_asked_where_everything_is_allowed(desk: Desk) -> None:
    assert ahead(desk, book("git log")) == Outlook(
        writes=Foreseen(
            text="write {repo}/** (they may change files of this project)",
            positions=("1",),
            outcome=Outcome.ASK,
            grants=(Grant(capability=Capability.WRITE, pattern=f"{desk.project.root}/**"),),
        )
    )


# --- runbooks that it leads to --------------------------------------------------------------------------


def refer(*references: str) -> str:
    return "# T\n\n## 1. All\n\n" + "".join(f"- {reference}\n" for reference in references)


def test_what_children_would_ask_for_is_seen_with_the_units_they_stand_in_for(desk: Desk) -> None:
    child = book('deploy-tool "{{Site}}"; rm x', front="inputs: [Site]\npermissions: {run: {allow: [psql]}}")
    (desk.around.cwd / "child.runbook.md").write_text(child)
    (desk.around.cwd / "middle.runbook.md").write_text(refer("child.runbook.md", "missing.runbook.md"))
    text = refer("child.runbook.md", "middle.runbook.md")
    found = ahead(desk, text, Site="east")
    places = ("1.1/1", "1.2/1.1/1")
    assert (lines(found.asks), lines(found.denials), lines(found.wanted)) == (
        [("run deploy-tool", places)],
        [("run rm", places)],
        [("run psql (child.runbook.md asks for it)", ())],
    )


def test_runbooks_that_lead_to_each_other_end(desk: Desk) -> None:
    (desk.around.cwd / "round.runbook.md").write_text(refer("round.runbook.md", "about.runbook.md"))
    (desk.around.cwd / "about.runbook.md").write_text(refer("round.runbook.md"))
    assert lines(ahead(desk, refer("round.runbook.md")).asks) == []
