"""Building a step's view of the file system from the plan's mount operations, by fds only.

Attributes are set on detached mounts before they are attached, so that nothing is ever reachable with
more than it shall have. Sources and targets are opened without following a symlink. Directories and
files are made only in file systems of our own, never on the host.
Source: mount_setattr(2), move_mount(2), openat2(2); kernel 5.12 for recursive attributes.
"""

import errno
import os
import stat
from typing import Any, Final

from rundown.sandbox.child import holder, syscalls
from rundown.sandbox.child.stages import stage

Operation = dict[str, Any]
_PLAIN: Final = syscalls.MOUNT_ATTR_NOSUID | syscalls.MOUNT_ATTR_NODEV
_NEW_FILE: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
_RUN_SOURCES: Final = {"run:tmp": holder.TMP, "run:home": holder.HOME}


class View:
    """A root directory under construction; every fd it opens is closed by `finish`.

    The zygote makes one for the run (`base=True`) and attaches it; a step's is a copy of that. What a
    step adds as mount points stays in the run's root, an empty name at most: its mount is read-only.
    """

    def __init__(self, proc: int | None = None, *, base: bool = False) -> None:
        """`proc`: a detached proc mount, made in the namespaces of the step."""
        self._proc_mount = proc
        with stage("mounts", "the view's root"):
            self._host = os.open(holder.HOST, os.O_PATH | os.O_CLOEXEC)
            self._state = os.open(holder.STATE, os.O_PATH | os.O_CLOEXEC)
            with _Closing(os.open(holder.VIEW, os.O_PATH | os.O_CLOEXEC)) as place:
                if base:
                    self._root = syscalls.new_filesystem("tmpfs", {"mode": "0755", "size": "4m"}, _PLAIN)
                else:
                    self._root = syscalls.clone_mount(place)
                syscalls.attach_mount(self._root, place)
            self._mine = {os.fstat(fd).st_dev for fd in (self._root, self._state)}  # file systems of our own

    def build(self, operations: list[Operation]) -> None:
        """Does the operations in order. Raises: StageError "mounts" that names the target."""
        for operation in operations:
            with stage("mounts", f"{operation['kind']} {operation['target']}"):
                try:
                    self._DO[operation["kind"]](self, operation)
                except OSError as error:
                    if not (operation["optional"] and error.errno in (errno.ENOENT, errno.EROFS)):
                        raise

    def finish(self) -> None:
        """Makes the root read-only and enters it; the host's tree is gone for this mount namespace."""
        with stage("pivot"):
            syscalls.set_mount_attributes(self._root, syscalls.MOUNT_ATTR_RDONLY, recursive=False)
            syscalls.pivot_into(self._root)
            self.close()

    def close(self) -> None:
        """Closes every fd."""
        for used in (self._root, self._host, self._state, self._proc_mount):
            if used is not None:
                os.close(used)

    def _new_tmpfs(self, options: dict[str, str], attributes: int = _PLAIN) -> int:
        made = syscalls.new_filesystem("tmpfs", options, attributes)
        self._mine.add(os.fstat(made).st_dev)
        return made

    def _place(self, path: str, directory: bool, mode: int = 0o755) -> int:
        """Returns an O_PATH fd of `path` in the view; makes what is missing where the file system is ours."""
        try:
            return syscalls.open_path(self._root, path)
        except FileNotFoundError:
            pass
        parent_path, _, name = path.rstrip("/").rpartition("/")
        with _Closing(self._place(parent_path, True) if parent_path else os.dup(self._root)) as parent:
            if os.fstat(parent).st_dev not in self._mine:
                raise OSError(errno.ENOENT, "it does not exist, and nothing is made on the host", path)
            if directory:
                os.mkdir(name, mode, dir_fd=parent)
            else:
                os.close(os.open(name, _NEW_FILE, mode, dir_fd=parent))
            return syscalls.open_path(parent, name)

    def _bind(self, operation: Operation) -> None:
        source = operation["source"]
        if source in _RUN_SOURCES:
            opened = os.open(_RUN_SOURCES[source], os.O_PATH | os.O_CLOEXEC)
        else:
            opened = syscalls.open_path(self._host, source)
        with _Closing(opened), _Closing(syscalls.clone_mount(opened)) as mount:
            syscalls.set_mount_attributes(mount, _attributes(operation))
            with _Closing(self._place(operation["target"], stat.S_ISDIR(os.fstat(opened).st_mode))) as target:
                syscalls.attach_mount(mount, target)

    def _tmpfs(self, operation: Operation) -> None:
        options = {"mode": f"{operation['mode']:04o}"}
        if operation["size_bytes"] is not None:
            options["size"] = str(operation["size_bytes"])
        self._attach_new(self._new_tmpfs(options, _PLAIN), operation)

    def _proc(self, operation: Operation) -> None:
        if self._proc_mount is None:
            raise OSError(errno.EPERM, "proc cannot be mounted here", "/proc")
        self._attach_new(os.dup(self._proc_mount), operation)

    def _devpts(self, operation: Operation) -> None:
        options = {"mode": "0620", "ptmxmode": "0666"}
        attributes = syscalls.MOUNT_ATTR_NOSUID | syscalls.MOUNT_ATTR_NOEXEC
        self._attach_new(syscalls.new_filesystem("devpts", options, attributes), operation)

    def _attach_new(self, mount: int, operation: Operation) -> None:
        with _Closing(mount), _Closing(self._place(operation["target"], directory=True)) as target:
            syscalls.attach_mount(mount, target)

    def _dir(self, operation: Operation) -> None:
        os.close(self._place(operation["target"], directory=True, mode=operation["mode"]))

    def _file(self, operation: Operation) -> None:
        parent_path, _, name = operation["target"].rpartition("/")
        with _Closing(self._place(parent_path or "/", directory=True)) as parent:
            self._insist_on_ours(parent, operation["target"])
            flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            with _Closing(os.open(name, flags, operation["mode"], dir_fd=parent)) as made:
                os.write(made, operation["content"].encode("utf-8", "surrogateescape"))

    def _symlink(self, operation: Operation) -> None:
        parent_path, _, name = operation["target"].rpartition("/")
        with _Closing(self._place(parent_path or "/", directory=True)) as parent:
            self._insist_on_ours(parent, operation["target"])
            try:
                os.symlink(operation["source"], name, dir_fd=parent)
            except FileExistsError:
                if os.readlink(name, dir_fd=parent) != operation["source"]:
                    raise

    def _insist_on_ours(self, parent: int, path: str) -> None:
        if os.fstat(parent).st_dev not in self._mine:
            raise OSError(errno.EROFS, "nothing is made on the host", path)

    def _mask(self, operation: Operation) -> None:
        with _Closing(syscalls.open_path(self._root, operation["target"])) as target:
            empty = holder.EMPTY_DIR if stat.S_ISDIR(os.fstat(target).st_mode) else holder.EMPTY_FILE
            source = syscalls.open_path(self._state, empty)
            with _Closing(source), _Closing(syscalls.clone_mount(source, recursive=False)) as mount:
                attributes = _PLAIN | syscalls.MOUNT_ATTR_RDONLY | syscalls.MOUNT_ATTR_NOEXEC
                syscalls.set_mount_attributes(mount, attributes)
                syscalls.attach_mount(mount, target)

    def _pin(self, operation: Operation) -> None:
        target = syscalls.open_path(self._root, operation["target"])
        with _Closing(target), _Closing(syscalls.clone_mount(target)) as mount:
            syscalls.set_mount_attributes(mount, _attributes(operation))
            syscalls.attach_mount(mount, target)

    _DO: Final = {
        "bind": _bind,
        "tmpfs": _tmpfs,
        "proc": _proc,
        "devpts": _devpts,
        "dir": _dir,
        "file": _file,
        "symlink": _symlink,
        "mask-file": _mask,
        "mask-dir": _mask,
        "pin": _pin,
    }


class _Closing:
    """An fd that is closed at the end of the block."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _attributes(operation: Operation) -> int:
    attributes = syscalls.MOUNT_ATTR_NOSUID
    if not operation["devices"]:
        attributes |= syscalls.MOUNT_ATTR_NODEV
    if not operation["writable"]:
        attributes |= syscalls.MOUNT_ATTR_RDONLY
    if not operation["executable"]:
        attributes |= syscalls.MOUNT_ATTR_NOEXEC
    return attributes
