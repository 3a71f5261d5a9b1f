"""Which names a shell runs itself, and which of those can start a program.

Source: bash 5.2 `enable -a`; dash 0.5.12 `builtins.def`.
"""

BASH = frozenset(
    """. : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo
    enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf
    pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit
    umask unalias unset wait""".split()
)
DASH = frozenset(
    """. : [ alias bg break cd chdir command continue echo eval exec exit export false fg getopts hash jobs kill local
    printf pwd read readonly return set shift test times trap true type ulimit umask unalias unset wait""".split()
)
EVERY = BASH | DASH
RESERVED = frozenset(
    "if then else elif fi case esac for select while until do done in function time coproc { } ! [[ ]]".split()
)
"""Source: bash(1) RESERVED WORDS. An alias of such a name changes how everything behind it is read."""
SHELLS = frozenset("sh bash dash zsh ksh ksh93 mksh pdksh lksh ash rbash rzsh fish yash posh csh tcsh".split())
"""Shells whose `-c` takes text. Only what bash and dash read alike is read; see `rundown.shell.unwrap`."""
