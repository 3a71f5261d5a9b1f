"""The table of interpreters: programs that run code given on the command line or on standard input.

Data only; `rundown.shell.code` reads it.
"""

import re
from functools import cache

from msgspec import Struct

from rundown.shell.options import Grammar, grammar


class Interpreter(Struct, frozen=True, kw_only=True):
    """One row. `code`: options whose argument is code. `stdin`: without an operand, code comes from standard input.

    `ends`: options behind which the rest belongs to the program that is run. `inert`: options that run nothing.
    `files`: options whose argument is a file of code. `always`: why it is opaque whatever its words say.
    """

    names: str
    source: str
    short: str = ""
    long: str = ""
    code: str = ""
    ends: str = ""
    files: str = ""
    inert: str = "version help V h"
    stdin: bool = True
    always: str = ""
    single: bool = False

    def grammar(self) -> Grammar:
        """Returns the options, decoded."""
        return grammar(self.short, self.long, single=self.single)


ROWS: tuple[Interpreter, ...] = (
    Interpreter(
        names="python pypy jython ipython",
        short="bBdEhiIOPqRsSuvVxtc:m:W:X:Q:",
        long="help version check-hash-based-pycs=",
        code="c",
        ends="m",
        source="python(1)",
    ),
    Interpreter(
        names="perl",
        short="acdDfhlnpsStTuUvwWXC0123456789i::e:E:F:I:m:M:x::",
        long="help version",
        code="e E",
        inert="v V h",
        source="perlrun(1)",
    ),
    Interpreter(
        names="ruby irb jruby",
        short="acdhlnpsSvwyi::e:E:F:I:r:K:T::W::x::0::C:",
        long="help version disable= enable= encoding= external-encoding= internal-encoding= jit yjit verbose",
        code="e",
        source="ruby(1)",
    ),
    Interpreter(
        names="node nodejs",
        short="chivpe:r:C:",
        long="eval= print= require= import= check interactive version help "
        "experimental-vm-modules no-warnings trace-warnings inspect== inspect-brk== max-old-space-size= "
        "enable-source-maps loader= experimental-loader= input-type= test watch env-file= stack-size= expose-gc "
        "harmony openssl-legacy-provider preserve-symlinks unhandled-rejections= conditions= run=",
        code="e eval p print",
        inert="v version h help",
        source="node(1)",
    ),
    Interpreter(names="deno", stdin=False, source="deno(1)"),
    Interpreter(
        names="bun",
        short="e:p:r:ibhv",
        long="eval= print= preload= require= watch hot smol install= cwd= bun help version revision env-file= "
        "silent if-present inspect==",
        code="e eval p print",
        inert="v version h help revision",
        stdin=False,
        source="bun's documentation",
    ),
    Interpreter(
        names="php php-cgi",
        short="aCehimnqsvlwd:c:f:r:B:R:F:E:S:t:z:g:",
        long="run= process-begin= process-code= "
        "process-file= process-end= file= server= version help info ini",
        code="r B R E run process-begin process-code process-end",
        files="f F file process-file",
        inert="v i m h version info help",
        source="php(1)",
    ),
    Interpreter(names="lua luajit texlua", short="iEWve:l:", code="e", files="l", inert="v", source="lua(1)"),
    Interpreter(names="tclsh wish", source="tclsh(1)"),
    Interpreter(names="at batch", always="runs commands from standard input, later", source="at(1)"),
    Interpreter(names="ed red", always="runs commands from standard input", source="ed(1)"),
    Interpreter(names="run-parts", always="runs the programs of a directory", source="run-parts(8)"),
    Interpreter(names="expect", short="bdiNnvc:f:D:", code="c", files="f", inert="v", source="expect(1)"),
    Interpreter(
        names="Rscript",
        short="e:",
        long="vanilla slave verbose default-packages= version help",
        code="e",
        source="Rscript(1)",
    ),
    Interpreter(
        names="R",
        short="qsf:e:d:",
        long="vanilla no-save no-restore slave quiet silent file= args no-echo interactive version help",
        code="e",
        files="f file",
        source="R(1)",
    ),
    Interpreter(
        names="julia",
        short="hviqp:t:e:E:L:",
        long="eval= print= load= project== startup-file= threads= version help",
        code="e eval E print",
        files="L load",
        source="julia(1)",
    ),
    Interpreter(
        names="guile", short="qsle:c:L:C:x:", long="no-auto-compile", code="c", files="s l", source="guile(1)"
    ),
    Interpreter(
        names="sbcl clisp ecl",
        long="eval= load= script== noinform non-interactive no-userinit no-sysinit quit version help",
        code="eval",
        files="load",
        source="sbcl(1)",
    ),
    Interpreter(
        names="emacs",
        short="Qqx:",
        long="eval= execute= batch quick no-init-file script= load= funcall= version help",
        single=False,
        code="eval execute",
        files="script load",
        inert="version help",
        stdin=False,
        source="emacs(1)",
    ),
    Interpreter(names="ghc runghc runhaskell ghci", short="e:", code="e", source="ghc(1)"),
    Interpreter(
        names="scala jshell groovy clojure clj bb", short="e:", code="e", source="groovy's documentation"
    ),
    Interpreter(names="erl", long="eval= noshell s= run=", code="eval", single=True, source="erl(1)"),
    Interpreter(names="elixir iex", short="e:r:S:", long="eval= version", code="e eval", source="elixir(1)"),
    Interpreter(names="ocaml", short="e:I:", code="e", source="ocaml(1)"),
    Interpreter(
        names="pwsh powershell",
        short="c:f:",
        long="Command= EncodedCommand= File= NoProfile NonInteractive NoLogo command= c= enc= ec= e=",
        code="Command EncodedCommand command c enc ec e",
        files="File",
        single=True,
        source="about_pwsh",
    ),
    Interpreter(names="osascript", short="e:l:", code="e", source="osascript(1)"),
    Interpreter(
        names="octave", short="qfHW", long="eval= quiet no-gui version help", code="eval", source="octave(1)"
    ),
    Interpreter(
        names="bc dc",
        short="hilqswve:f:",
        long="expression= file= quiet mathlib standard warn version help interactive",
        code="e expression",
        files="f file",
        source="bc(1), dc(1)",
    ),
    Interpreter(names="gdb lldb", source="gdb(1)"),
    Interpreter(
        names="psql",
        short="aAbeEHlnqsStVwWxXzo0c:d:f:F:h:L:o:p:P:R:T:U:v:",
        long="command= file= dbname= host= port= "
        "username= no-psqlrc tuples-only quiet set= variable= no-align csv output= version help list no-password",
        code="c command",
        files="f file",
        stdin=False,
        inert="V version help l list",
        source="psql(1)",
    ),
    Interpreter(
        names="mysql mariadb",
        short="e:u:p::h:P:D:BNrtvfs",
        long="execute= user= password== host= port= database= batch skip-column-names version help",
        code="e execute",
        stdin=False,
        source="mysql(1)",
    ),
    Interpreter(
        names="sqlite3",
        long="cmd= init= batch csv json header noheader readonly version help column line list",
        code="cmd",
        files="init",
        single=True,
        stdin=False,
        source="sqlite3(1)",
    ),
)


@cache
def interpreters() -> dict[str, Interpreter]:
    """Returns the rows by name, without version numbers."""
    return {name: row for row in ROWS for name in row.names.split()}


_VERSION = re.compile(r"(?<=[A-Za-z])[-.]?[0-9][0-9.]*(?:-?dbg|t)?$")


def unversioned(name: str) -> str:
    """Returns `python` for `python3.11`, `perl` for `perl5.36`; other names unchanged."""
    return name if name in ("sqlite3", "php-cgi") else _VERSION.sub("", name)
