"""What a question says of the sandbox is what the sandbox will do."""

import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.model.policy import Envelope, LayerKind, Outcome, Rule
from rundown.model.request import Capability
from rundown.model.sandbox import SandboxWish
from rundown.session.desk import Desk, open_desk
from rundown.session.surroundings import Surroundings
from rundown.session.view import describe_view
from rundown.session.wish import Wish


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    for name in ("home", "project/.git", "project/dist", "project/.rundown/work", "srv/data"):
        (tmp_path / name).mkdir(parents=True)
    around = Surroundings(
        environ={"PATH": "/usr/bin:/bin"},
        cwd=tmp_path / "project",
        home=tmp_path / "home",
        state=tmp_path / "state",
        config=tmp_path / "config",
        cache=tmp_path / "cache",
        system_policy=tmp_path / "none.yaml",
        now_ns=time.time_ns,
        has_terminal=False,
        stdout_terminal=False,
    )
    found = open_desk(Wish(), around, None)
    able = replace(found.host, user_namespaces=True, landlock_abi=7, seccomp=True)
    return replace(found, host=able)


def with_wish(desk: Desk, wish: SandboxWish, **host: object) -> Desk:
    return replace(desk, wish=Wish(sandbox=wish), host=replace(desk.host, **host))


def test_places_are_named_as_people_know_them_and_only_where_they_exist(desk: Desk, tmp_path: Path) -> None:
    root, tmp, cache = desk.project.root, desk.facts.tmp, desk.cache
    envelope = Envelope(
        read_allow=(f"{root}/**", f"{tmp_path}/srv/data/**", f"{root}/dist/**"),
        write_allow=(
            f"{tmp}/**",
            f"{cache}/**",
            f"{root}/dist/**",
            f"{root}/.rundown/work/**",
            f"{root}/never/**",
            f"{tmp_path}/srv/out",
        ),
        write_made=(f"{tmp_path}/srv/out",),
    )
    assert describe_view(desk, envelope) == (
        f"reads   this project, {tmp_path}/srv/data/, what it writes, the system's files; "
        "nothing that policy denies",
        f"writes  dist/, .rundown/work/, its own /tmp, its cache, {tmp_path}/srv/out",
        "reaches no network",
    )


def test_a_project_that_is_opened_for_writing_says_so(desk: Desk) -> None:
    found = describe_view(desk, Envelope(write_allow=(f"{desk.project.root}/**",)))
    assert found[:2] == (
        "reads   what it writes, the system's files; nothing that policy denies",
        "writes  this project",
    )


def test_many_places_are_counted(desk: Desk) -> None:
    paths = tuple(f"/srv/{number}" for number in range(10))
    reads = describe_view(desk, Envelope(read_allow=paths))[0]
    assert reads.startswith("reads   /srv/0, /srv/1, ") and "/srv/7, and 2 more, what it writes" in reads


def test_what_the_fence_takes_away_is_told(desk: Desk) -> None:
    found = describe_view(desk, Envelope(host=("net", "pid")))
    assert found[2:] == (
        "also    this step is in the host's network and reaches whatever the host reaches",
        "also    this step sees the host's processes and outlives nothing but its own children",
    )


BARE = {"user_namespaces": False, "namespaces_as_root": False, "landlock_abi": 0}


@pytest.mark.parametrize(
    ("wish", "host", "words", "told"),
    [
        ("none", {}, (), "is not confined: --no-sandbox"),
        ("default", {}, ("unconfined",), "is not confined: host=unconfined"),
        ("best", BARE, (), "is not confined: this host cannot confine anything"),
        (
            "default",
            BARE,
            (),
            "would not start: neither user namespaces nor Landlock can be had: nothing would be confined",
        ),
    ],
)
def test_without_a_sandbox_nothing_is_promised(
    wish: SandboxWish, host: dict[str, object], words: tuple[str, ...], told: str, desk: Desk
) -> None:
    assert describe_view(with_wish(desk, wish, **host), Envelope(host=words)) == (told,)


def test_what_is_reached_is_named_by_its_rules(desk: Desk) -> None:
    def rule(pattern: str, verdict: Outcome = Outcome.ALLOW) -> Rule:
        return Rule(capability=Capability.NET, verdict=verdict, pattern=pattern, layer=LayerKind.FLAG)

    rules = (rule("a.example:443"), rule("*.b.example"), rule("c.example", Outcome.DENY))
    assert describe_view(desk, Envelope(net=rules))[-1] == "reaches a.example:443, *.b.example; nothing else"
