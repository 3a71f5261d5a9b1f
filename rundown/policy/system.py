"""What every program needs to start: readable without a rule, whatever the documents say.

The sandbox opens the same trees. Nothing personal lies in them; denies still come first.
Source: hier(7), null(4), random(4), pts(4), proc(5).
"""

from rundown.model.request import Capability
from rundown.policy.paths import covers
from rundown.policy.subject import PathSubject, Subject

SYSTEM_TREES = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
SYSTEM_ETC = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ca-certificates.conf",
    "/etc/crypto-policies",
    "/etc/debian_version",
    "/etc/fonts",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/inputrc",
    "/etc/java",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/locale.alias",
    "/etc/localtime",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/pki",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/shells",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
    "/etc/timezone",
)
SYSTEM_OTHER = ("/proc", "/sys/devices/system/cpu", "/sys/kernel/mm/transparent_hugepage")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
STREAMS = (
    "/dev/stdin",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/fd",
    "/dev/tty",
    "/dev/pts",
    "/dev/ptmx",
    "/dev/shm",
)

SYSTEM_READ = (*SYSTEM_TREES, *SYSTEM_ETC, *SYSTEM_OTHER, *DEVICES, *STREAMS)


def is_free(capability: Capability, subject: Subject) -> str:
    """Returns why a path needs no rule, "" if it does.

    Devices are judged as written (`/dev/stdout` resolves to whatever it is at that moment); anything
    else as resolved, so that a link into the system's trees and out of them again gains nothing.
    """
    if not isinstance(subject, PathSubject):
        return ""
    written = subject.chains[-1][0] if subject.chains and subject.chains[-1] else "/"
    if any(covers(device, written) for device in (*DEVICES, *STREAMS)):
        return "a device or stream that every program has"
    if capability is Capability.READ and any(covers(tree, subject.real) for tree in SYSTEM_READ):
        return "a system path that every program needs"
    return ""
