"""What a host can enforce, told so that a person can mend the rest."""

import pytest
from msgspec.structs import replace

from rundown.model.sandbox import Gap, HostFacts
from rundown.render.host import render_host
from rundown.render.style import Style

GOOD = HostFacts(
    kernel="6.8.0",
    machine="x86_64",
    uid=1000,
    gid=1000,
    landlock_abi=5,
    seccomp=True,
    user_namespaces=True,
    namespaces_as_root=False,
    proc_mount=True,
    cgroup="v2",
)
BARE = HostFacts(
    kernel="5.4.0",
    machine="aarch64",
    uid=0,
    gid=0,
    landlock_abi=0,
    seccomp=False,
    user_namespaces=False,
    namespaces_as_root=False,
    proc_mount=False,
    cgroup="none",
    problems=(
        Gap(code="sandbox/no-userns", message="no user namespaces\x1b[2J", remedy="sysctl -w x=1\n"),
        Gap(code="sandbox/no-landlock", message="no Landlock"),
    ),
)


def test_a_good_host_has_a_line_for_each_layer() -> None:
    assert render_host(GOOD) == (
        "✓    kernel       6.8.0 x86_64, uid 1000\n"
        "✓    namespaces   user, mount, pid, network, ipc and uts, without privilege\n"
        "✓    own /proc    mounted\n"
        "✓    Landlock     ABI 5\n"
        "✓    seccomp      filters work\n"
        "✓    network      steps reach what rules name, with any program\n"
        "✓    cgroups      version 2, writable\n"
    )


def test_what_is_missing_is_marked_without_colour_and_comes_with_its_remedy() -> None:
    assert render_host(BARE, Style(unicode=False)) == (
        "ok   kernel       5.4.0 aarch64, uid 0\n"
        "FAIL namespaces   not available\n"
        "FAIL own /proc    cannot be mounted\n"
        "FAIL Landlock     not there\n"
        "FAIL seccomp      not there\n"
        "FAIL network      connections of steps cannot be held back\n"
        "FAIL cgroups      none writable\n"
        "\n"
        "! no user namespaces\\x1b[2J [sandbox/no-userns]\n"
        "  fix: sysctl -w x=1\\n\n"
        "\n"
        "! no Landlock [sandbox/no-landlock]\n"
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"user_namespaces": False, "namespaces_as_root": True},
            "✓    namespaces   mount, pid, network, ipc and uts as root; no user namespaces",
        ),
        ({"cgroup": "v1"}, "✓    cgroups      version 1, writable"),
        ({"cable": False}, "✗    network      steps reach nothing"),
        (
            {"user_namespaces": False, "landlock_abi": 3},
            "✗    network      steps reach nothing: Landlock knows TCP from ABI 4 on (kernel 6.7)",
        ),
        (
            {"user_namespaces": False},
            "✗    network      steps reach what rules name, with programs that know of proxies; the proxy's port"
            " is open to them on any host (sandbox/net-by-port)",
        ),
    ],
)
def test_second_best_is_named(changes: dict[str, object], line: str) -> None:
    assert line in render_host(replace(GOOD, **changes)).splitlines()
