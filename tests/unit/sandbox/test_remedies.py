"""What helps where: each kind of host gets the switch, flag or setting that is its own."""

import pytest

from rundown.sandbox import remedies
from rundown.sandbox.clues import find_container
from rundown.sandbox.remedies import Clues


@pytest.mark.parametrize(
    ("clues", "words"),
    [
        (Clues(apparmor_restricts="1"), "kernel.apparmor_restrict_unprivileged_userns=0"),
        (Clues(unprivileged_clone="0"), "kernel.unprivileged_userns_clone=1"),
        (Clues(max_user_namespaces="0"), "user.max_user_namespaces=15000"),
        (Clues(max_user_namespaces="0", container="docker"), "outside of this container: as root: `sysctl"),
        (
            Clues(apparmor_restricts="1", container="docker"),
            "; and docker run --security-opt seccomp=unconfined",
        ),
        (Clues(userns_file=False), "CONFIG_USER_NS=y"),
        (Clues(release="4.4.0-19041-Microsoft"), "wsl --set-version"),
        (Clues(container="docker"), "docker run --security-opt seccomp=unconfined"),
        (Clues(container="podman"), "podman run --security-opt"),
        (Clues(container="kubernetes"), "seccompProfile"),
        (Clues(container="lxc"), "security.nesting"),
        (Clues(), "where this container or service is defined"),
    ],
)
def test_user_namespaces_are_had_by_the_hosts_own_switch(clues, words):
    assert words in remedies.for_user_namespaces(clues)


@pytest.mark.parametrize(
    ("clues", "words"),
    [
        (Clues(release="5.15.90.1-microsoft-standard-WSL2"), "wsl --update"),
        (Clues(release="4.4.0-19041-Microsoft"), "wsl --set-version"),
        (Clues(lsm="capability,yama,apparmor"), "`lsm=landlock,capability,yama,apparmor`"),
        (Clues(lsm="landlock,yama", container="docker"), "docker run"),
        (Clues(), "CONFIG_SECURITY_LANDLOCK=y"),
    ],
)
def test_landlock_is_had_by_the_kernel_or_what_hides_it(clues, words):
    assert words in remedies.for_landlock(clues)


def test_the_rest_is_had_by_what_defines_the_container():
    docker, plain = Clues(container="docker"), Clues()
    assert "systempaths=unconfined" in remedies.for_proc(docker)
    assert "unmasked /proc" in remedies.for_proc(plain)
    assert "CONFIG_SECCOMP_FILTER" in remedies.for_seccomp(plain)
    assert "newer container runtime" in remedies.for_calls(plain)
    assert "cgroupns=host" in remedies.for_control_groups(docker)
    assert "systemd-run --user --scope" in remedies.for_control_groups(Clues(has_user_manager=True))
    assert "may write" in remedies.for_control_groups(plain)


@pytest.mark.parametrize(
    ("named", "group", "files", "expected"),
    [
        ("", "0::/", {"/.dockerenv"}, "docker"),
        ("docker", "", set(), "docker"),
        ("", "12:pids:/docker/0123", set(), "docker"),
        ("", "0::/", {"/run/.containerenv"}, "podman"),
        ("", "0::/kubepods/besteffort/pod1", {"/.dockerenv"}, "kubernetes"),
        ("lxc", "", set(), "lxc"),
        ("systemd-nspawn", "", set(), "systemd"),
        ("", "0::/init.scope", set(), ""),
    ],
)
def test_a_container_is_known_by_its_marks(named, group, files, expected):
    assert find_container(named, group, files.__contains__) == expected
