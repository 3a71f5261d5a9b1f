"""Patterns and paths on which our globs are compared with picomatch's, and how either answers.

The verdicts in `picomatch.json` were recorded by `python -m tests.peers.record_picomatch`, with picomatch
itself under Node (`npm install picomatch`, NODE_PATH names its folder); they are compared in every run of the
tests, Node or not.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

from wcmatch import glob

from rundown.policy.pattern import GLOB_FLAGS, MAX_ALTERNATIVES

RECORDED = Path(__file__).with_name("picomatch.json")

PATTERNS = (
    "/r/**",
    "/r/*",
    "/r/*/",
    "/r/**/*.py",
    "/r/**/a",
    "**/.env",
    "**/.env.*",
    "**/*secret*",
    "**/*.pem",
    "/r/a",
    "/r/*.js",
    "/r/.*",
    "/r/?",
    "/r/??",
    "/r/a?",
    "/r/[ab]",
    "/r/[!a]",
    "/r/[^a]",
    "/r/[a-c]*",
    "/r/[[:digit:]]",
    "/r/{a,b}",
    "/r/{a,b}/**",
    "/r/{a,b/c}",
    "/r/{a,{b,c}}",
    "/r/{1..3}",
    "/r/a{,.txt}",
    "/r/{a}",
    "/r/**/{a,b}.py",
    "/r/@(a|b)",
    "/r/+(a|b)",
    "/r/?(a)b",
    "/r/*(a)b",
    "/r/a.@(js|ts)",
    "/r/**/x/**",
    "/r/a/**/b",
    "/r/a**",
    "/r/**b",
    "/r/\\*",
    "/r/\\{a,b\\}",
    "/r/a\\?",
    "/r/A",
    "/r/*.{js,ts,py}",
    "/r/.git/**",
    "/r/**/.git/**",
    "/r/x y",
    "/r/ü*",
    "**/node_modules/**",
    "**/.env.{example,sample}",
    "/r/(a)",
    "/r/a+b",
    "/r/a.b",
    "/r/$a",
    "/r/^a",
    "/r/a|b",
)
PATHS = (
    "/r",
    "/r/a",
    "/r/b",
    "/r/c",
    "/r/A",
    "/r/ab",
    "/r/aab",
    "/r/a.txt",
    "/r/a.js",
    "/r/a.ts",
    "/r/a.py",
    "/r/b.py",
    "/r/.env",
    "/r/.env.local",
    "/r/.env.example",
    "/r/x/.env",
    "/r/x/y/.env",
    "/r/my_secret.txt",
    "/r/x/k.pem",
    "/r/a/b",
    "/r/a/x/b",
    "/r/a/x/y/b",
    "/r/b/c",
    "/r/b/c/d",
    "/r/x/a",
    "/r/x/y/a.py",
    "/r/1",
    "/r/2",
    "/r/3",
    "/r/4",
    "/r/*",
    "/r/{a,b}",
    "/r/a?",
    "/r/.git/config",
    "/r/x/.git/config",
    "/r/.a",
    "/r/a/.b",
    "/r/x/z",
    "/r/q/x/z",
    "/r/x y",
    "/r/übung",
    "/r/node_modules/p/i.js",
    "/s/a",
    "/r/(a)",
    "/r/a+b",
    "/r/a.b",
    "/r/axb",
    "/r/$a",
    "/r/^a",
    "/r/a|b",
    "/r/a\\nb",
    "/r/-a",
    "/ra",
    "/r/{a}",
)

_SCRIPT = """
const picomatch = require('picomatch');
const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const found = asked.patterns.map((pattern) => {
  const match = picomatch(pattern, {dot: true, nonegate: true});
  return asked.paths.map((path) => match(path) ? 1 : 0).join('');
});
process.stdout.write(JSON.stringify({version: require('picomatch/package.json').version, found}));
"""


DIFFERENT = {
    "/r/[!a]": "`!` negates a class, as in every shell; picomatch takes it for a character of it",
    "/r/{a,b}": "a path that is literally `{a,b}` is not meant by braces",
    "/r/(a)": "parentheses without a sign before them are plain characters, not a group",
    "/r/a|b": "`|` outside an extended glob is a plain character, not an alternative",
}
"""Where we differ from picomatch on purpose, and why."""


def ours() -> list[str]:
    """Returns for each pattern a digit a path: 1 if our globs match."""
    return ["".join("1" if _match(path, pattern) else "0" for path in PATHS) for pattern in PATTERNS]


def _match(path: str, pattern: str) -> bool:
    # As `rundown.policy.paths` asks: `a/**` means `a` too.
    paths = (path, path + "/") if pattern.endswith("/**") else (path,)
    return any(glob.globmatch(item, pattern, flags=GLOB_FLAGS, limit=MAX_ALTERNATIVES) for item in paths)


def picomatch_is_there() -> bool:
    """Whether Node and picomatch can be had here."""
    node = shutil.which("node")
    if node is None:
        return False
    asked = [node, "-e", "require('picomatch')"]
    return subprocess.run(asked, capture_output=True, env=os.environ, check=False).returncode == 0


def theirs() -> tuple[str, list[str]]:
    """Returns picomatch's version and its verdicts, in the form of `ours`."""
    asked = json.dumps({"patterns": PATTERNS, "paths": PATHS})
    ran = subprocess.run(["node", "-e", _SCRIPT], input=asked, capture_output=True, text=True, check=True)
    said = json.loads(ran.stdout)
    return said["version"], said["found"]


def recorded() -> list[str]:
    """Returns the verdicts on record."""
    return [str(line) for line in json.loads(RECORDED.read_text())["verdicts"].values()]
