"""Reads what tells one kind of host from another, for the remedies alone: nothing is decided by it."""

import os
import platform
from collections.abc import Callable
from pathlib import Path

from rundown.sandbox.remedies import Clues, Container


def read_clues() -> Clues:
    """Returns the clues of this host. Never raises."""
    return Clues(
        release=platform.release(),
        apparmor_restricts=_text("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        unprivileged_clone=_text("/proc/sys/kernel/unprivileged_userns_clone"),
        max_user_namespaces=_text("/proc/sys/user/max_user_namespaces"),
        userns_file=os.path.exists("/proc/self/ns/user"),
        lsm=_text("/sys/kernel/security/lsm"),
        container=find_container(_text("/run/systemd/container"), _text("/proc/1/cgroup"), os.path.exists),
        has_user_manager=os.path.exists(f"/run/user/{os.geteuid()}/systemd"),
    )


def find_container(named: str, first_group: str, exists: Callable[[str], bool]) -> Container:
    """Returns what kind of container this is, "" for none or an unknown one.

    `named`: what a service manager wrote of it, `first_group`: the control groups of process 1.
    Source: systemd's "Container Interface"; the files that Docker and Podman make.
    """
    if exists("/var/run/secrets/kubernetes.io") or "kubepods" in first_group:
        return "kubernetes"
    if exists("/.dockerenv") or "docker" in (named, *first_group.split("/")):
        return "docker"
    if exists("/run/.containerenv") or named == "podman":
        return "podman"
    if named.startswith("lxc") or "/lxc" in first_group:
        return "lxc"
    return "systemd" if named == "systemd-nspawn" else ""


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return ""
