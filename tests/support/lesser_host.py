"""Makes this host a lesser one for one program, by the kernel's own means, and becomes that program.

    python tests/support/lesser_host.py WORD... -- CMD ARG...

Words, in the order they are done: `masked-proc` (parts of /proc are covered, as containers do it; takes
root), `ordinary` (another user; takes root), `no-userns` (a user namespace with none further, as itself),
`root-without-userns` (the same with every id: root of a container; takes root), `no-landlock`, `no-pidfd`,
`killed-by-landlock` (a filter of system calls that refuses, or kills).
"""

import ctypes
import errno
import os
import sys

ORDINARY_UID = 4243
_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNS, _CLONE_NEWUSER = 0x20000, 0x10000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 1 << 18
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38


def main(words: list[str], command: list[str]) -> None:
    """Does the words and executes the command."""
    if "masked-proc" in words:
        _call("unshare", _CLONE_NEWNS)
        _call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
        covered = next(
            f"/proc/{name}" for name in ("keys", "timer_list", "kcore") if os.path.exists(f"/proc/{name}")
        )
        _call("mount", b"/dev/null", covered.encode(), None, _MS_BIND, None)
    if "ordinary" in words:
        os.setgroups([])
        os.setresgid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID)
        os.setresuid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID)
        _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)
    if "no-userns" in words:
        _enter_last_namespace(f"{os.geteuid()} {os.geteuid()} 1")
    if "root-without-userns" in words:
        _enter_last_namespace("0 0 65536")
    refused = [word for word in words if word in _CALLS]
    if refused:
        _filter(refused)
    os.execvp(command[0], command)


def _enter_last_namespace(mapping: str) -> None:
    """The map of more than oneself must be written from outside: by a child that was made before."""
    target = os.getpid()
    go_read, go_write = os.pipe()
    done_read, done_write = os.pipe()
    writer = os.fork()
    if writer == 0:
        os.read(go_read, 1)
        for name, text in (("setgroups", "deny"), ("uid_map", mapping), ("gid_map", mapping)):
            if not (name == "setgroups" and os.geteuid() == 0):
                with open(f"/proc/{target}/{name}", "w") as file:
                    file.write(text)
        os.write(done_write, b"x")
        os._exit(0)
    _call("unshare", _CLONE_NEWUSER)
    os.write(go_write, b"x")
    os.read(done_read, 1)
    os.waitpid(writer, 0)
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")


_CALLS = {
    "no-landlock": ("landlock_create_ruleset", 444, errno.ENOSYS),
    "killed-by-landlock": ("landlock_create_ruleset", 444, 0),
    "no-pidfd": ("pidfd_open", 434, errno.EPERM),
}


def _filter(words: list[str]) -> None:
    import pyseccomp

    program = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for word in words:
        _, number, problem = _CALLS[word]
        program.add_rule(pyseccomp.ERRNO(problem) if problem else pyseccomp.KILL_PROCESS, number)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    program.load()


def _call(name: str, *words: object) -> None:
    if getattr(_LIBC, name)(*words) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)


if __name__ == "__main__":
    split = sys.argv.index("--")
    main(sys.argv[1:split], sys.argv[split + 1 :])
