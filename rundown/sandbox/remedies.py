"""What helps where a host lacks something: the exact switch, flag or setting of this kind of host. Pure.

A host is known by a few files and by its kernel's name; where nothing fits, the general advice is given.
Source: user_namespaces(7), landlock(7), lsm in the kernel's admin guide; Ubuntu 23.10 release notes on
unprivileged user namespaces; documents of Docker, Podman and WSL on their security options.
"""

from typing import Final, Literal

from msgspec import Struct

Container = Literal["docker", "podman", "kubernetes", "lxc", "systemd", ""]
_CONTAINER_FLAGS: Final = {
    "docker": "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined",
    "podman": "podman run --security-opt seccomp=unconfined --security-opt label=disable",
    "kubernetes": (
        "in the pod: securityContext: {seccompProfile: {type: Unconfined}, "
        "appArmorProfile: {type: Unconfined}}"
    ),
    "lxc": "lxc config set NAME security.nesting true",
    "systemd": "in the unit: RestrictNamespaces=no, SystemCallFilter= without a list",
}
_PROC_FLAGS: Final = {
    "docker": "docker run --security-opt systempaths=unconfined",
    "podman": "podman run --security-opt unmask=ALL",
    "kubernetes": "in the pod: securityContext: {procMount: Unmasked} (needs hostUsers: false)",
    "lxc": "lxc config set NAME security.nesting true",
    "systemd": "in the unit: ProtectProc=default, ProcSubset=all, ProtectKernelTunables=no",
}


class Clues(Struct, frozen=True, kw_only=True):
    """What was read of this host; "" for a file that is not there.

    `release`: as `uname -r`. `lsm`: the security modules in use, `userns_file`: whether the kernel knows user
    namespaces at all. `cgroup_delegation`: rundown runs below a user's own service manager.
    """

    release: str = ""
    apparmor_restricts: str = ""
    unprivileged_clone: str = ""
    max_user_namespaces: str = ""
    userns_file: bool = True
    lsm: str = ""
    container: Container = ""
    has_user_manager: bool = False

    @property
    def is_wsl1(self) -> bool:
        """WSL 1 translates system calls and has no Linux kernel. Its release ends in `-Microsoft`."""
        return self.release.endswith("-Microsoft")

    @property
    def is_wsl2(self) -> bool:
        """WSL 2 runs a kernel of its own."""
        return "microsoft" in self.release and not self.is_wsl1


def for_user_namespaces(clues: Clues) -> str:
    """Returns what makes them available."""
    if clues.is_wsl1:
        return "in Windows: `wsl --set-version DISTRIBUTION 2`"
    if not clues.userns_file:
        return "use a kernel built with CONFIG_USER_NS=y"
    switch = _switch_of(clues)
    flags = _CONTAINER_FLAGS.get(clues.container, "")
    if switch and flags:
        return f"outside of this container: {switch}; and {flags}"
    return switch or flags or "allow user namespaces where this container or service is defined"


def _switch_of(clues: Clues) -> str:
    """Returns the kernel's own switch that stands in the way, "" for none. A container sees its host's."""
    if clues.apparmor_restricts == "1":  # Ubuntu from 23.10 on
        return (
            "as root: `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` (to keep it: a file in "
            "/etc/sysctl.d), or an AppArmor profile with `userns,` for rundown's interpreter"
        )
    if clues.unprivileged_clone == "0":
        return "as root: `sysctl -w kernel.unprivileged_userns_clone=1`"
    if clues.max_user_namespaces == "0":
        return "as root: `sysctl -w user.max_user_namespaces=15000`"
    return ""


def for_landlock(clues: Clues) -> str:
    """Returns what brings Landlock where there is none."""
    if clues.is_wsl1:
        return "in Windows: `wsl --set-version DISTRIBUTION 2`"
    if clues.is_wsl2:
        return (
            "in Windows: `wsl --update`; if that does not help, under [wsl2] in .wslconfig: "
            "`kernelCommandLine=lsm=landlock,lockdown,yama,integrity`"
        )
    if clues.lsm and "landlock" not in clues.lsm.split(","):
        where = f"`lsm=landlock,{clues.lsm}` on the kernel's command line"
        return f"boot with {where} (kernel from 5.13, CONFIG_SECURITY_LANDLOCK=y)"
    if clues.container:
        return f"the container refuses it: {_CONTAINER_FLAGS[clues.container]}"
    return "use a kernel from 5.13 on with CONFIG_SECURITY_LANDLOCK=y and `landlock` in its `lsm=`"


def for_proc(clues: Clues) -> str:
    """Returns what lets a container mount its own /proc."""
    return _PROC_FLAGS.get(clues.container, "start the container with an unmasked /proc")


def for_seccomp(clues: Clues) -> str:
    """Returns what lets filters be loaded."""
    if clues.is_wsl1:
        return "in Windows: `wsl --set-version DISTRIBUTION 2`"
    flags = _CONTAINER_FLAGS.get(clues.container, "allow seccomp where this container or service is defined")
    return f"{flags}; the kernel needs CONFIG_SECCOMP_FILTER=y"


def for_calls(clues: Clues) -> str:
    """Returns what lets plain system calls through that an old filter does not know."""
    anywhere = "allow the call where this container or service is defined, or use a newer container runtime"
    return _CONTAINER_FLAGS.get(clues.container, anywhere)


def for_control_groups(clues: Clues) -> str:
    """Returns what gives rundown groups to make its own in.

    A container that sees its own part of the tree as the whole has its processes at the top of that, and so
    hands nothing down; one in a namespace of its own may move nothing beyond. Source: the kernel's cgroup-v2
    document, "No Internal Process Constraint" and "Delegation Containment".
    """
    if clues.container in ("docker", "podman"):
        return f"{clues.container} run --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw (as root)"
    if clues.has_user_manager:
        return (
            "a limit that needs one gets a scope from your service manager by itself; if that fails, start "
            "rundown in `systemd-run --user --scope -p Delegate=yes`"
        )
    return "start rundown in a control group that its user may write, with memory, pids and cpu handed down"
