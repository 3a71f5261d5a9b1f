"""The table of argument escapes: options with which an otherwise harmless program starts another or writes a file.

Data only; `rundown.shell.escape` reads it. They turn an allow by name into an ask. Longer than 350 lines: a
table.
"""

from functools import cache
from typing import Literal

from msgspec import Struct

Effect = Literal["shell", "program", "write", "read", "code", "starts", "changes"]


class Escape(Struct, frozen=True, kw_only=True):
    """One row. `letters` and `long` name the options; `words`: operands that begin like this (`key=`, `+!`);
    `pattern`: a regular expression for words whose beginning says too little.

    `when`: the option counts only if its argument matches this from its start on; what is known only at run time is
    matched as it is written. `effect`: what the option's argument is: shell text, a program, a file that is written or read, code; `starts`: it
    makes the program start another by itself; `changes`: it changes or removes files. `arguments`: all letters of the
    program that take an argument, so that clusters are read right.
    """

    names: str
    source: str
    effect: Effect
    letters: str = ""
    long: str = ""
    words: str = ""
    pattern: str = ""
    when: str = ""
    arguments: str = ""
    single: bool = False


_ON_THE_SPOT = r"-$|/dev/(?:stdin|fd/)|/proc/self/fd/|<\("
_TAR = "bCfFgHIKLNTVX"
_SSH = "BbcDEeFIiJLlmOopPQRSWw"
_RSYNC = "efBMTt@"
_CURL = "AbCcdDeEFHKmoPQrTtuUwxXYyz"
_ZIP = "bntTsO"

ROWS: tuple[Escape, ...] = (
    Escape(
        names="tar gtar bsdtar",
        letters="IF",
        long="to-command use-compress-program info-script new-volume-script rsh-command rmt-command",
        effect="shell",
        arguments=_TAR,
        source="tar(1)",
    ),
    Escape(
        names="tar gtar bsdtar", long="checkpoint-action", effect="starts", arguments=_TAR, source="tar(1)"
    ),
    Escape(
        names="tar gtar bsdtar",
        letters="f",
        long="file",
        when=r"[^/:]+:",
        effect="starts",
        arguments=_TAR,
        source="tar(1): a file on another machine is reached through rsh",
    ),
    Escape(
        names="tar gtar bsdtar",
        letters="g",
        long="index-file listed-incremental volno-file",
        effect="write",
        arguments=_TAR,
        source="tar(1)",
    ),
    Escape(
        names="tar gtar bsdtar",
        letters="P",
        long="absolute-names remove-files unlink-first",
        effect="changes",
        arguments=_TAR,
        source="tar(1)",
    ),
    Escape(names="cpio", long="rsh-command", effect="program", arguments="CEFHIMOR", source="cpio(1)"),
    Escape(names="rsync", letters="e", long="rsh", effect="shell", arguments=_RSYNC, source="rsync(1)"),
    Escape(names="rsync", long="rsync-path", effect="starts", arguments=_RSYNC, source="rsync(1)"),
    Escape(
        names="rsync",
        long="remove-source-files delete delete-before delete-after delete-excluded delete-during",
        effect="changes",
        arguments=_RSYNC,
        source="rsync(1)",
    ),
    Escape(names="scp sftp", letters="S", effect="program", arguments="cDFiJloPSXBRs", source="scp(1)"),
    Escape(
        names="ssh scp sftp slogin",
        words="-oProxyCommand -oLocalCommand -oPermitLocalCommand -oKnownHostsCommand",
        effect="starts",
        arguments=_SSH,
        source="ssh_config(5)",
    ),
    Escape(
        names="ssh scp sftp slogin",
        letters="o",
        effect="starts",
        arguments=_SSH,
        source="ssh_config(5): ProxyCommand, LocalCommand",
    ),
    Escape(names="ssh scp sftp slogin", letters="F", effect="read", arguments=_SSH, source="ssh(1)"),
    Escape(
        names="ssh-keygen ssh-add",
        letters="sD",
        effect="starts",
        arguments="abCDEFfIiJKkLlMmNnOPRrSsTtVvWwYyZz",
        source="ssh-keygen(1)",
    ),
    Escape(
        names="sort gsort", long="compress-program", effect="program", arguments="kSTto", source="sort(1)"
    ),
    Escape(
        names="sort gsort", letters="o", long="output", effect="write", arguments="kSTto", source="sort(1)"
    ),
    Escape(names="shuf", letters="o", long="output", effect="write", arguments="eino", source="shuf(1)"),
    Escape(names="split csplit", long="filter", effect="shell", arguments="abCln", source="split(1)"),
    Escape(
        names="man apropos whatis",
        letters="PH",
        long="pager html",
        effect="shell",
        arguments="CRLmMSseErPTHXp",
        source="man(1)",
    ),
    Escape(
        names="man",
        letters="C",
        long="config-file",
        effect="read",
        arguments="CRLmMSseErPTHXp",
        source="man(1)",
    ),
    Escape(names="rg", long="pre hostname-bin", effect="program", arguments="ABCEefgjmMrtT", source="rg(1)"),
    Escape(
        names="fd fdfind",
        letters="xX",
        long="exec exec-batch",
        effect="starts",
        arguments="cdeEjSt",
        source="fd(1)",
    ),
    Escape(names="ag ack", long="pager", effect="shell", source="ack(1)"),
    Escape(
        names="zip",
        letters="T",
        long="unzip-command",
        words="-TT",
        effect="starts",
        arguments=_ZIP,
        source="zip(1)",
    ),
    Escape(names="zip", letters="m", long="move", effect="changes", arguments=_ZIP, source="zip(1)"),
    Escape(
        names="make gmake bmake",
        words="SHELL= .SHELLFLAGS= MAKE= CC= CXX= LD= AR= MAKEFLAGS= MAKEFILES= --eval",
        pattern=r"(?:\.?SHELL(?:FLAGS)?|MAKE(?:FLAGS|FILES)?|CC|CXX|CPP|LD|AR|AS|RM)\s*[:?+]*=|[^=]*!="
        r"|[^=]*=.*\$[({](?:shell|eval|call|file|guile|load)\b",
        long="eval",
        effect="starts",
        arguments="CfIjloWE",
        source="make(1); GNU make manual: Overriding Variables, The shell Function",
    ),
    Escape(
        names="make gmake bmake",
        letters="f",
        long="file makefile",
        when=_ON_THE_SPOT,
        effect="code",
        arguments="CfIjloWE",
        source="make(1)",
    ),
    Escape(names="make gmake", letters="E", effect="code", arguments="CfIjloWE", source="make(1)"),
    Escape(
        names="cmake",
        letters="E",
        pattern=r"(?:-D\s*)?(?:SHELL|CMAKE_\w*(?:COMPILER|COMPILER_AR|COMPILER_RANLIB|LINKER|LAUNCHER|MAKE_PROGRAM"
        r"|EMULATOR)|CMAKE_(?:AR|LD|NM|RANLIB|OBJCOPY|OBJDUMP|STRIP))(?::[A-Z]+)?=",
        effect="starts",
        arguments="CDUGTAPSB",
        source="cmake(1), cmake-variables(7)",
    ),
    Escape(
        names="cmake", letters="P", when=_ON_THE_SPOT, effect="code", arguments="CDUGTAPSB", source="cmake(1)"
    ),
    Escape(
        names="vim vi view nvim ex gvim rvim vimdiff",
        letters="cSsWu",
        long="cmd remote-expr",
        words="+",
        effect="code",
        source="vim(1)",
    ),
    Escape(
        names="less",
        letters="oOkTp",
        long="log-file lesskey-file lesskey-src lesskey-content cmd",
        words="+",
        effect="starts",
        arguments="bhjkoOpPtTxyzD",
        source="less(1)",
    ),
    Escape(names="more", words="+", effect="starts", source="more(1)"),
    Escape(
        names="nano pico",
        letters="sT",
        long="speller",
        effect="program",
        arguments="CJoQrsTXY",
        source="nano(1)",
    ),
    Escape(
        names="gcc g++ cc c++ clang clang++ gfortran cpp",
        words="-wrapper -fplugin= -specs= -B -fuse-ld= -Xclang",
        effect="starts",
        single=True,
        source="gcc(1)",
    ),
    Escape(names="ld gold lld", words="-plugin --plugin -dynamic-linker", effect="starts", source="ld(1)"),
    Escape(
        names="rustc",
        letters="C",
        long="codegen",
        when=r"link(?:er|-arg)|[$\"'`]",
        effect="starts",
        arguments="CLlAWDFoZ",
        source="rustc(1)",
    ),
    Escape(
        names="rustc",
        letters="Z",
        when=r"codegen-backend|[$\"'`]",
        effect="starts",
        arguments="CLlAWDFoZ",
        source="the rustc book: unstable features",
    ),
    Escape(
        names="cargo",
        long="config",
        pattern=r"(?:-C|--codegen=)?link(?:er|-args?)=|-Zcodegen-backend",
        effect="starts",
        source="cargo(1), rustc(1)",
    ),
    Escape(
        names="go",
        long="exec toolexec overlay modfile vettool compiler gccgoflags",
        effect="starts",
        single=True,
        source="go help build",
    ),
    Escape(
        names="go",
        long="ldflags",
        when=r".*-ext|[$\"'`]",
        effect="starts",
        single=True,
        source="go tool link",
    ),
    Escape(names="go", long="w", effect="changes", single=True, source="go help env"),
    Escape(names="go", words="generate tool", effect="starts", source="go help generate"),
    Escape(
        names="pip pip3 uv",
        words="--index-url= --extra-index-url= --global-option",
        long="index-url extra-index-url",
        effect="starts",
        source="pip install reference",
    ),
    Escape(names="pip pip3", long="python editor", effect="program", source="pip reference"),
    Escape(
        names="uv",
        long="python",
        when=r"(?!(?:c?python|pypy|graalpy|cp|pp)?[-@0-9.<>=~!,*]*(?:t|dev|(?:a|b|rc)[0-9]+)?$)",
        effect="program",
        source="uv's documentation: Requesting a version",
    ),
    Escape(names="mypy dmypy", long="python-executable", effect="program", source="mypy's documentation"),
    Escape(
        names="cypress",
        letters="b",
        long="browser",
        when=r".*/",
        effect="program",
        arguments="bcCegjkoPprst",
        source="cypress run reference",
    ),
    Escape(names="deno", pattern=r"(?:eval|repl)$", effect="code", source="deno(1)"),
    Escape(
        names="npm pnpm yarn",
        long="script-shell node-options browser shell viewer editor git",
        effect="starts",
        source="npm-config(7)",
    ),
    Escape(
        names="curl",
        letters="oO",
        long="output remote-name output-dir dump-header trace trace-ascii libcurl stderr cookie-jar etag-save",
        effect="write",
        arguments=_CURL,
        source="curl(1)",
    ),
    Escape(names="curl", letters="K", long="config engine", effect="read", arguments=_CURL, source="curl(1)"),
    Escape(
        names="wget", long="use-askpass", effect="program", arguments="aABDeiIlonOPQRStTUwX", source="wget(1)"
    ),
    Escape(
        names="wget",
        letters="e",
        long="execute post-file body-file",
        effect="starts",
        arguments="aABDeiIlonOPQRStTUwX",
        source="wget(1)",
    ),
    Escape(
        names="wget",
        letters="OoaP",
        long="output-document output-file append-output directory-prefix",
        effect="write",
        arguments="aABDeiIlonOPQRStTUwX",
        source="wget(1)",
    ),
    Escape(
        names="nc ncat netcat",
        letters="ec",
        long="exec sh-exec lua-exec",
        effect="shell",
        arguments="ceGgIiMmOoPpqsTVWwXxz",
        source="ncat(1)",
    ),
    Escape(
        names="socat", words="EXEC: SYSTEM: SHELL: exec: system: shell:", effect="starts", source="socat(1)"
    ),
    Escape(names="nmap", long="script script-args datadir", words="-sC -A", effect="code", source="nmap(1)"),
    Escape(
        names="tcpdump",
        letters="zw",
        effect="starts",
        arguments="BcCDEFGijKmMNOQrsTVwWyzZ",
        source="tcpdump(8)",
    ),
    Escape(
        names="gpg gpg2",
        long="exec-path photo-viewer pinentry agent-program dirmngr-program keyserver-options",
        effect="starts",
        source="gpg(1)",
    ),
    Escape(names="xz gzip bzip2 zstd pigz", long="rm", effect="changes", source="zstd(1)"),
    Escape(names="7z 7za 7zr", words="-si -so -sdel", effect="changes", source="7z(1)"),
    Escape(
        names="date", letters="sf", long="set file", effect="changes", arguments="dfrsI", source="date(1)"
    ),
    Escape(
        names="hostname",
        letters="Fb",
        long="file boot",
        effect="changes",
        arguments="F",
        source="hostname(1)",
    ),
    Escape(names="dd", words="of=", effect="write", source="dd(1)"),
    Escape(names="xxd", letters="r", effect="write", arguments="cglonsR", source="xxd(1)"),
    Escape(
        names="yq jq gojq",
        letters="iL",
        long="inplace in-place",
        effect="changes",
        arguments="LfI",
        source="yq's README",
    ),
    Escape(names="perl ruby", letters="i", effect="changes", arguments="eEIFlmMxCr0", source="perlrun(1)"),
    Escape(
        names="patch",
        letters="o",
        long="output ed",
        effect="write",
        arguments="BdDFgioprVxYzi",
        source="patch(1)",
    ),
    Escape(names="cscope etags", letters="fI", effect="write", source="cscope(1)"),
    Escape(
        names="gdb",
        words="-ex -x -iex -ix -ev",
        long="ex command eval-command init-eval-command init-command args",
        effect="code",
        single=True,
        source="gdb(1)",
    ),
    Escape(
        names="mvn",
        words="exec:exec exec:java -Dexec.executable= -Dmaven.ext.class.path= -Dsource= antrun:run groovy:",
        effect="starts",
        arguments="DflPpstT",
        source="exec-maven-plugin",
    ),
    Escape(
        names="gradle gradlew",
        letters="I",
        long="init-script",
        words="-Dorg.gradle.jvmargs= -Dorg.gradle.java.home=",
        effect="code",
        arguments="abcgIpPDx",
        source="gradle's documentation",
    ),
    Escape(
        names="java",
        words="-javaagent: -agentpath: -agentlib: -XX:OnError= -XX:OnOutOfMemoryError= -XX:Flags= -XX:VMOptionsFile= @",
        effect="starts",
        single=True,
        source="java(1)",
    ),
    Escape(
        names="ansible ansible-playbook ansible-console",
        letters="am",
        long="args module-name",
        effect="starts",
        arguments="aBCDefikKlmMPtTuU",
        source="ansible(1)",
    ),
    Escape(names="helm", long="post-renderer", effect="program", source="helm reference"),
    Escape(names="systemctl journalctl", long="root", words="edit", effect="starts", source="systemctl(1)"),
    Escape(names="crontab", letters="er", effect="starts", arguments="u", source="crontab(1)"),
    Escape(names="visudo vipw vigr sudoedit", words="", letters="f", effect="starts", source="visudo(8)"),
    Escape(
        names="install",
        letters="s",
        long="strip-program strip",
        effect="program",
        arguments="gmotS",
        source="install(1)",
    ),
    Escape(names="run-parts", words="", long="arg new-session", effect="starts", source="run-parts(8)"),
    Escape(
        names="logrotate",
        letters="s",
        long="state mail",
        effect="starts",
        arguments="smd",
        source="logrotate(8)",
    ),
    Escape(
        names="dpkg apt apt-get",
        letters="o",
        words="--pre-invoke",
        long="option pre-invoke post-invoke",
        effect="starts",
        arguments="caotD",
        source="apt.conf(5)",
    ),
    Escape(names="psql mysql mariadb", words="\\!", letters="", effect="starts", source="psql(1)"),
    Escape(
        names="ffmpeg convert magick",
        words="-filter_script msl: ephemeral: mvg: @",
        effect="read",
        single=True,
        source="ffmpeg(1)",
    ),
    Escape(
        names="pandoc",
        letters="FL",
        long="filter lua-filter pdf-engine",
        effect="program",
        arguments="cDFfHABLMmortTV",
        source="pandoc(1)",
    ),
    Escape(
        names="latex pdflatex xelatex lualatex tex",
        long="shell-escape enable-write18",
        words="-shell-escape --shell-escape -enable-write18 \\",
        effect="starts",
        single=True,
        source="tex(1)",
    ),
    Escape(
        names="aria2c",
        pattern=r"--on-(?:download|bt-download)-",
        effect="starts",
        source="aria2c(1)",
    ),
    Escape(
        names="certbot",
        pattern=r"--(?:pre|post|deploy|renew|manual-auth|manual-cleanup)-hook",
        effect="starts",
        source="certbot's documentation",
    ),
    Escape(names="exiftool", pattern=r"-(?:if|config|api|-if)", effect="code", source="exiftool(1)"),
    Escape(
        names="openssl", pattern=r"-(?:engine|provider|provider-path)$", effect="starts", source="openssl(1)"
    ),
    Escape(
        names="openvpn",
        pattern=r"--(?:up|down|script-security|route-up|plugin|tls-verify|ipchange|config)$",
        effect="starts",
        source="openvpn(8)",
    ),
    Escape(names="lftp", letters="cef", effect="code", arguments="cefpu", source="lftp(1)"),
    Escape(names="mail mailx", letters="SX", long="exec", effect="starts", source="mail(1)"),
    Escape(
        names="smbclient mutt",
        letters="ceF",
        effect="starts",
        arguments="ceFUI",
        source="smbclient(1), mutt(1)",
    ),
    Escape(names="restic", long="password-command option", effect="starts", source="restic's documentation"),
    Escape(
        names="rpm rpmbuild",
        letters="E",
        long="eval pipe define load macros rcfile",
        effect="starts",
        arguments="DE",
        source="rpm(8)",
    ),
    Escape(names="rake", letters="epE", effect="code", arguments="eEpfIrRt", source="rake(1)"),
    Escape(names="pidstat", letters="e", effect="starts", source="pidstat(1)"),
    Escape(names="bpftrace", letters="ce", effect="code", arguments="ceoIpB", source="bpftrace(8)"),
    Escape(names="tshark wireshark", letters="X", effect="code", arguments="XiwrfYTeo", source="tshark(1)"),
    Escape(names="sqlmap", long="eval", effect="code", source="sqlmap's manual"),
    Escape(names="xdotool", words="exec", effect="starts", source="xdotool(1)"),
    Escape(names="screen", letters="XcS", effect="starts", arguments="cehprsSTX", source="screen(1)"),
    Escape(
        names="diff sdiff diff3",
        long="diff-program to-file from-file",
        effect="program",
        arguments="CDFILSUWx",
        source="sdiff(1)",
    ),
    Escape(names="tree", letters="o", effect="write", arguments="LPIHTo", source="tree(1)"),
    Escape(
        names="sqlite3",
        words=".shell .system .import .load .output .once .read .save .backup .log",
        effect="starts",
        source="sqlite3(1)",
    ),
)


@cache
def escapes() -> dict[str, tuple[Escape, ...]]:
    """Returns the rows by program."""
    found: dict[str, tuple[Escape, ...]] = {}
    for row in ROWS:
        for name in row.names.split():
            found[name] = (*found.get(name, ()), row)
    return found
