"""What a host can carry, what a wish makes of it, and what is said to be missing."""

import pytest
from msgspec.structs import replace

from rundown.model.policy import Limits
from rundown.model.sandbox import Gap, HostFacts, Refusal
from rundown.sandbox.tiers import choose_tier, find_gaps, find_limit_gaps, namespaces_of

FULL = HostFacts(
    kernel="6.18", machine="x86_64", uid=1000, gid=1000, landlock_abi=7, seccomp=True, user_namespaces=True,
    namespaces_as_root=False, proc_mount=True, cgroup="none",
)  # fmt: skip
AS_ROOT = replace(FULL, uid=0, user_namespaces=False, namespaces_as_root=True)
LANDLOCK = replace(FULL, user_namespaces=False)
NOTHING = replace(
    LANDLOCK, landlock_abi=0, problems=(Gap(code="sandbox/no-landlock", message="m", remedy="r"),)
)


@pytest.mark.parametrize(
    ("host", "wish", "tier"),
    [
        (FULL, "default", "namespaces"), (FULL, "best", "namespaces"), (FULL, "strict", "namespaces"), (FULL, "none", "none"),
        (AS_ROOT, "default", "namespaces-as-root"), (AS_ROOT, "best", "namespaces-as-root"), (AS_ROOT, "strict", None),
        (LANDLOCK, "default", "landlock"), (LANDLOCK, "best", "landlock"), (LANDLOCK, "strict", None),
        (NOTHING, "default", None), (NOTHING, "best", "none"), (NOTHING, "strict", None), (NOTHING, "none", "none"),
    ],
)  # fmt: skip
def test_a_tier_is_chosen_or_refused(host, wish, tier):
    found = choose_tier(host, wish)
    assert (None if isinstance(found, Refusal) else found) == tier


def test_a_refusal_carries_what_is_missing_and_how_to_go_on():
    found = choose_tier(NOTHING, "default")
    assert isinstance(found, Refusal)
    assert (found.code, found.missing, "--sandbox=best" in found.fix) == (
        "sandbox/unavailable",
        NOTHING.problems,
        True,
    )


@pytest.mark.parametrize(
    ("tier", "words", "lost"),
    [
        ("namespaces", set(), set()), ("namespaces", {"pid"}, {"pid"}), ("namespaces", {"net"}, {"net"}),
        ("namespaces", {"systemd"}, {"pid"}), ("namespaces", {"journal"}, set()), ("namespaces-as-root", set(), {"user"}),
    ],
)  # fmt: skip
def test_host_words_take_just_their_namespaces_away(tier, words, lost):
    assert set(namespaces_of(tier, frozenset(words))) == {"user", "mount", "pid", "net", "ipc", "uts"} - lost


def test_tiers_without_a_view_have_no_namespaces():
    assert [namespaces_of(tier, frozenset()) for tier in ("landlock", "none")] == [(), ()]


def test_a_lack_of_control_groups_is_a_gap_only_where_a_limit_needs_one():
    host = replace(FULL, problems=(Gap(code="sandbox/no-cgroup", message="m", remedy="systemd-run"),))
    assert find_gaps(host, "namespaces", frozenset(), "default") == ()
    wanted = Limits(memory_bytes=1, cpu=1.0, pids=10)
    found = find_limit_gaps(host, "namespaces", wanted)
    assert [(gap.code, gap.remedy) for gap in found] == [
        ("sandbox/memory-per-process", "systemd-run"), ("sandbox/cpu-not-limited", "systemd-run"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("host", "tier", "code"),
    [
        (replace(FULL, uid=0), "namespaces", "sandbox/pids-not-limited"),
        (LANDLOCK, "landlock", "sandbox/pids-per-user"),
    ],
)
def test_processes_that_are_not_counted_for_the_step_alone_are_a_gap(host, tier, code):
    assert [gap.code for gap in find_limit_gaps(host, tier, Limits(pids=10))] == [code]


def test_control_groups_close_every_limit():
    host = replace(FULL, cgroup="v2", cgroup_controllers=("cpu", "memory", "pids"))
    assert find_limit_gaps(host, "namespaces", Limits(memory_bytes=1, cpu=1.0, pids=10)) == ()


@pytest.mark.parametrize("word", ["pid", "net", "journal", "systemd"])
def test_a_host_word_is_a_gap(word):
    assert [gap.code for gap in find_gaps(FULL, "namespaces", frozenset({word}), "default")] == [
        f"sandbox/host-{word}"
    ]


def test_signals_are_a_gap_where_landlock_alone_has_no_scopes():
    codes = [
        gap.code for gap in find_gaps(replace(LANDLOCK, landlock_abi=5), "landlock", frozenset(), "default")
    ]
    assert "sandbox/signals" in codes
