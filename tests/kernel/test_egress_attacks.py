"""What a step tries in order to reach what policy does not allow: each attempt works outside, none inside."""

import json
from pathlib import Path

import pytest

from tests.support.internet import RUNDOWN, Internet

pytestmark = pytest.mark.kernel

ATTACKS = Path(__file__).parents[1] / "support" / "egress_attacks.py"
ALLOWED = ",".join(f"*.example.net:{port}" for port in (80, 443, 5432, 7777, 8080))
WITH_A_SOCKET = "exec 9<>/dev/tcp/93.184.216.66/80; exec "
NOT_ON_EVERY_KERNEL = {"sctp", "multipath_tcp", "lightweight_datagram", "ring"}
ROOTS_ALONE = {"other_namespaces", "namespace_of_another", "new_route", "foreign_source", "ping_socket"}


class Seen:
    """What the attempts came to, outside and inside, and which names the internet's DNS heard of from each."""

    def __init__(self, internet: Internet) -> None:
        log = internet.folder / "asked.log"
        words = f"/usr/bin/python3 {ATTACKS} {internet.folder}"
        ran = internet.run("bash", "-c", WITH_A_SOCKET + words)
        self.outside: dict[str, str] = json.loads(ran.out)
        self.heard_outside = _names(log)
        log.write_text("")
        flags = f"--non-interactive --allow-net '{ALLOWED}' --allow-read {ATTACKS}"
        ran = internet.run("bash", "-c", f"{WITH_A_SOCKET}{RUNDOWN} exec {flags} -- {words}")
        self.inside: dict[str, str] = json.loads(ran.out)
        self.heard_inside = _names(log)


def _names(log: Path) -> set[str]:
    return set(log.read_text().splitlines())


@pytest.fixture(scope="module")
def seen(internet: Internet) -> Seen:
    return Seen(internet)


def test_there_are_as_many_attempts_as_are_promised(seen: Seen):
    assert len(seen.outside) >= 60


def test_every_attempt_works_where_nothing_is_in_its_way(seen: Seen):
    failed = {name for name, outcome in seen.outside.items() if outcome != "REACHED"}
    assert failed - NOT_ON_EVERY_KERNEL - ROOTS_ALONE == set()


def test_no_attempt_works_in_a_step(seen: Seen):
    assert {name for name, outcome in seen.inside.items() if outcome == "REACHED"} == set()


def test_looking_names_up_tells_nobody_anything(seen: Seen):
    told = {name for name in seen.heard_outside if name.startswith("leak")}
    assert len(told) >= 8
    assert {name for name in seen.heard_inside if name.startswith("leak")} == set()


def test_only_names_that_were_connected_to_are_looked_up_outside(seen: Seen):
    assert {name for name in seen.heard_inside if not name.endswith(".example.net")} == set()
