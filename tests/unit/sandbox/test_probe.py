"""What the probe says of this host, and how it says what is missing."""

import os
import platform

from rundown.sandbox.probe import _facts, probe_host

ALL = {"landlock_abi": 7, "seccomp": True, "userns": None, "mount": None, "proc_mount": True, "pidfd": True}
ALL |= {"cable": True}
REFUSED = {"stage": "id-maps", "errno": 1, "detail": "uid_map: Operation not permitted"}


def test_the_probe_tells_of_this_machine():
    found = probe_host()
    assert (found.kernel, found.machine, found.uid) == (platform.release(), platform.machine(), os.geteuid())


def test_two_probes_agree():
    assert probe_host() == probe_host()


def _problems(**found):
    return {gap.code: gap for gap in _facts({**ALL, **found}, True, ()).problems}


def test_a_host_with_everything_lacks_only_control_groups():
    assert set(_problems()) == {"sandbox/no-cgroup"}


def test_each_lack_has_its_code_and_a_remedy():
    found = _problems(landlock_abi=0, seccomp=False, userns=REFUSED, mount=REFUSED, proc_mount=False)
    assert set(found) == {
        "sandbox/no-landlock",
        "sandbox/no-seccomp",
        "sandbox/no-user-namespaces",
        "sandbox/no-cgroup",
    }
    assert [gap.code for gap in found.values() if not gap.remedy] == []
    assert "id-maps: uid_map: Operation not permitted" in found["sandbox/no-user-namespaces"].message


def test_an_old_landlock_names_what_it_lacks():
    assert "device requests, scopes" in _problems(landlock_abi=4)["sandbox/old-landlock"].message


def test_a_host_that_refuses_pidfds_says_so():
    assert "ended by its own init alone" in _problems(pidfd=False)["sandbox/no-pidfd"].message


def test_a_masked_proc_is_named():
    assert "sandbox/proc-shared" in _problems(proc_mount=False)


def test_a_kernel_without_virtual_network_devices_is_named():
    assert "veth" in _problems(cable=False)["sandbox/no-cable"].remedy


def test_a_missing_library_is_not_a_missing_kernel_feature():
    codes = {gap.code for gap in _facts(ALL, False, ()).problems}
    assert codes == {"sandbox/no-libseccomp", "sandbox/no-cgroup"}


def test_a_newer_landlock_counts_as_the_newest_that_is_known():
    assert _facts({**ALL, "landlock_abi": 99}, True, ()).landlock_abi == 7
