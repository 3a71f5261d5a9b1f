"""The project's own files, for tests that judge how the house is built."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "rundown"


@dataclass(frozen=True)
class Module:
    """One module of the package: its dotted name, its text, and its syntax tree."""

    path: Path

    @cached_property
    def name(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def docstring(self) -> str:
        return ast.get_docstring(self.tree) or ""

    def is_init(self) -> bool:
        return self.path.name == "__init__.py"


@cache  # reading and parsing them all takes over a second
def modules() -> tuple[Module, ...]:
    """Returns every module of the package, sorted by path."""
    return tuple(Module(path) for path in sorted(PACKAGE.rglob("*.py")))


def tracked_files() -> tuple[Path, ...]:
    """Returns the files that git tracks and that exist; every file of the tree where there is no git.

    A source distribution has no `.git`; there the tree holds what was shipped, and little else.
    """
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=False
    )
    if listing.returncode == 0:
        found = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
    else:
        found = (path for path in ROOT.rglob("*") if not _is_generated(path))
    return tuple(path for path in sorted(found) if path.is_file())


def _is_generated(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return any(part == "__pycache__" or part.endswith(("cache", "venv", ".egg-info")) for part in parts)


@dataclass(frozen=True)
class Definition:
    """A class or function that a module defines, with its dotted place inside the module."""

    module: Module
    place: str
    node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

    def __str__(self) -> str:
        return f"{self.module.name}.{self.place}"

    @property
    def public(self) -> bool:
        private = (*self.module.name.split("."), *self.place.split("."))
        return not any(part.startswith("_") for part in private if part != "__main__")


def definitions(module: Module) -> Iterator[Definition]:
    """Yields the module's classes, functions and methods, in the order of the text; not what is nested in functions."""
    yield from _definitions_in(module, module.tree.body, "")


def _definitions_in(module: Module, body: list[ast.stmt], prefix: str) -> Iterator[Definition]:
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield Definition(module, prefix + node.name, node)
        if isinstance(node, ast.ClassDef):
            yield from _definitions_in(module, node.body, f"{prefix}{node.name}.")
