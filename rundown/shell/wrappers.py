"""The table of wrappers: programs whose arguments name another program to start.

Data only; `rundown.shell.unwrap` reads it. Each row names the page its options were taken from; an option
that is not in the row makes what the wrapper starts dynamic. Longer than 350 lines: a table.
"""

from functools import cache
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rundown.shell.options import Grammar, grammar


class Wrapper(Struct, frozen=True, kw_only=True):
    """One row.

    `short`, `long`: see `options.grammar`. `before`: how many operands may stand before the command; `assignments`:
    `NAME=value` too. `takes`: the command is words, or shell text (`shell`: operands joined by blanks), or only options name it (`nothing`). `text`:
    options whose argument is shell text, `program`: is a program. `items`: more arguments come at run time.
    `alone`: what happens without a command: nothing, a shell, or a shell that reads standard input. `idle`: options
    with which nothing is started. `far`: the command runs on another machine or in a container. `moves`: options
    with which it runs in another directory, "*" if it does without any.
    """

    names: str
    source: str
    short: str = ""
    long: str = ""
    before: tuple[int, ...] = (0,)
    assignments: bool = False
    takes: Literal["words", "shell", "nothing"] = "words"
    text: str = ""
    program: str = ""
    items: bool = False
    alone: Literal["nothing", "shell"] = "nothing"
    idle: str = ""
    far: bool = False
    moves: str = ""
    single: bool = False

    def grammar(self) -> Grammar:
        """Returns the options, decoded."""
        return grammar(self.short, self.long, single=self.single)


_SUDO = (
    "askpass background bell preserve-env== edit set-home help login remove-timestamp reset-timestamp list "
    "non-interactive preserve-groups stdin shell version validate chdir= group= host= prompt= chroot= role= "
    "command-timeout= type= user= other-user= close-from= no-update"
)
_UNSHARE = (
    "mount== uts== ipc== net== pid== user== cgroup== time== fork kill-child== mount-proc== map-root-user "
    "map-current-user map-auto map-user= map-group= map-users= map-groups= propagation= setgroups= root= wd= setuid= "
    "setgid= monotonic= boottime= keep-caps load-interp="
)
_NSENTER = (
    "all target= mount== uts== ipc== net== pid== cgroup== user== time== setuid= setgid= root== wd== wdns= env no-fork "
    "preserve-credentials follow-context join-cgroup"
)
_XARGS = (
    "null arg-file= delimiter= eof== replace== max-lines== max-args= max-procs= interactive no-run-if-empty max-chars= "
    "verbose exit show-limits open-tty help version"
)
_SU = (
    "command= session-command= fast login preserve-environment pty no-pty shell= group= supp-group= "
    "whitelist-environment= help version user="
)
_SYSTEMD_RUN = (
    "scope user system unit= property= description= slice= slice-inherit expand-environment= remain-after-exit "
    "send-sighup service-type= uid= gid= nice= working-directory= same-dir setenv= pty pipe quiet on-active= on-boot= "
    "on-startup= on-unit-active= on-unit-inactive= on-calendar= on-clock-change on-timezone-change path-property= "
    "socket-property= timer-property= no-block wait collect shell no-ask-password host= machine= help version"
)
_PRLIMIT = (
    "core== cpu== data== fsize== memlock== nofile== nproc== rss== stack== as== locks== sigpending== msgqueue== nice== "
    "rtprio== rttime== pid= noheadings raw output= verbose"
)
_SETPRIV = (
    "dump clear-groups keep-groups init-groups groups= list-caps no-new-privs pdeathsig= regid= rgid= egid= reset-env "
    "reuid= ruid= euid= securebits= inh-caps= ambient-caps= bounding-set= selinux-label= apparmor-profile= "
    "landlock-access= landlock-rule= seccomp-filter="
)
_DAEMON = (
    "start stop status help version exec= pidfile= pid= ppid= name= user= group= chuid= signal= startas= chroot= "
    "chdir= nicelevel= procsched= iosched= umask= background make-pidfile remove-pidfile oknodo quiet verbose test "
    "no-close output= retry= notify-await notify-timeout="
)
_WATCH = (
    "beep color no-color differences== errexit exec chgexit equexit= interval= precise no-title no-wrap no-rerun "
    "shotsdir= follow help version"
)
_STRACE = (
    "follow-forks output-separately interruptible= columns= trace= signal= status= quiet== abbrev= verbose= raw= read= "
    "write= inject= fault= kvm= decode-fds== trace-path= string-limit= output= output-append-mode relative-timestamps== "
    "absolute-timestamps== syscall-times== summary summary-only summary-wall-clock summary-sort-by= stack-traces "
    "instruction-pointer syscall-number env= user= detach-on= attach= debug seccomp-bpf tips== argv0= daemonize== "
    "successful-only failed-only decode-pids= const-print-style= no-abbrev strings-in-hex=="
)

ROWS: tuple[Wrapper, ...] = (
    Wrapper(
        names="sudo",
        short="ABbEeHhiKklNnPSsVvC:D:g:p:R:r:T:t:u:U:",
        long=_SUDO,
        assignments=True,
        alone="shell",
        idle="l list v validate K remove-timestamp k reset-timestamp V version h help",
        moves="D chdir i login",
        source="sudo(8)",
    ),
    Wrapper(names="doas", short="Lnsa:C:u:", alone="shell", idle="L C", source="doas(1)"),
    Wrapper(
        names="pkexec",
        long="user= disable-internal-agent keep-cwd version help",
        alone="shell",
        moves="*",
        source="pkexec(1)",
    ),
    Wrapper(
        names="env",
        short="i0vu:C:S:a:",
        long="ignore-environment null unset= chdir= split-string= "
        "block-signal== default-signal== ignore-signal== list-signal-handling debug argv0= version help",
        assignments=True,
        moves="C chdir",
        source="env(1)",
    ),
    Wrapper(names="nice", short="n:0123456789", long="adjustment= version help", source="nice(1)"),
    Wrapper(
        names="ionice",
        short="c:n:p:P:u:th",
        long="class= classdata= pid= pgid= uid= ignore",
        idle="p pid P pgid u uid",
        source="ionice(1)",
    ),
    Wrapper(
        names="chrt",
        short="abdfiormvT:P:D:Rp",
        long="all-tasks batch deadline fifo idle other rr reset-on-fork "
        "sched-runtime= sched-period= sched-deadline= max pid verbose",
        before=(1,),
        idle="p pid m max",
        source="chrt(1)",
    ),
    Wrapper(
        names="taskset",
        short="apc",
        long="all-tasks pid cpu-list",
        before=(1,),
        idle="p pid",
        source="taskset(1)",
    ),
    Wrapper(
        names="numactl",
        short="a:i:N:C:m:l",
        long="all interleave= cpunodebind= physcpubind= membind= localalloc preferred= hardware show",
        idle="H hardware show",
        source="numactl(8)",
    ),
    Wrapper(
        names="cpulimit",
        short="l:p:e:P:qbzvm",
        long="limit= pid= exe= path= lazy quiet background",
        idle="p pid e exe P path",
        source="cpulimit(1)",
    ),
    Wrapper(names="nohup", long="help version", source="nohup(1)"),
    Wrapper(names="setsid", short="cfwVh", long="ctty fork wait", source="setsid(1)"),
    Wrapper(
        names="timeout gtimeout",
        short="k:s:v",
        long="kill-after= signal= preserve-status foreground verbose help version",
        before=(1,),
        source="timeout(1)",
    ),
    Wrapper(
        names="time gtime",
        short="apqvVf:o:h",
        long="append portability quiet verbose format= output= help version",
        source="time(1)",
    ),
    Wrapper(names="stdbuf", short="i:o:e:", long="input= output= error= help version", source="stdbuf(1)"),
    Wrapper(names="unbuffer", short="p", source="unbuffer(1)"),
    Wrapper(
        names="chroot",
        long="userspec= groups= skip-chdir help version",
        before=(1,),
        alone="shell",
        moves="*",
        source="chroot(1)",
    ),
    Wrapper(
        names="unshare",
        short="mupinUCTrchfR:w:S:G:V",
        long=_UNSHARE,
        alone="shell",
        moves="w wd R root",
        source="unshare(1)",
    ),
    Wrapper(
        names="nsenter",
        short="at:m::u::i::n::p::C::U::T::S:G:r::w::W:eFZcVh",
        long=_NSENTER,
        alone="shell",
        moves="*",
        source="nsenter(1)",
    ),
    Wrapper(
        names="setarch linux32 linux64 i386 i686 x86_64 uname26",
        short="vBFILRSTXZ3",
        long="uname-2.6 verbose "
        "addr-no-randomize fdpic-funcptrs mmap-page-zero addr-compat-layout read-implies-exec 32bit short-inode "
        "whole-seconds sticky-timeouts 3gb 4gb",
        before=(0, 1),
        alone="shell",
        source="setarch(8)",
    ),
    Wrapper(names="setpriv", short="dh", long=_SETPRIV, source="setpriv(1)"),
    Wrapper(
        names="prlimit",
        short="c::d::e::f::i::l::m::n::o:p:q::r::s::t::u::v::x::y::",
        long=_PRLIMIT,
        idle="p pid",
        source="prlimit(1)",
    ),
    Wrapper(names="capsh", long="print", alone="shell", idle="print", moves="*", source="capsh(1)"),
    Wrapper(
        names="flock",
        short="sxenuw:oFE:c:",
        long="shared exclusive unlock nonblock nb timeout= wait= close no-fork "
        "conflict-exit-code= command= verbose",
        before=(1,),
        text="c command",
        source="flock(1)",
    ),
    Wrapper(
        names="xargs gxargs",
        short="0a:d:E:e::I:i::L:l::n:P:prs:txo",
        long=_XARGS,
        items=True,
        idle="help version show-limits",
        source="xargs(1)",
    ),
    Wrapper(names="watch", short="bcCdegn:pq:rs:tvwx", long=_WATCH, takes="shell", source="watch(1)"),
    Wrapper(
        names="script",
        short="ac:efqt::I:O:B:T:m:o:E:",
        long="append command= return flush force quiet timing== "
        "log-in= log-out= log-io= log-timing= logging-format= output-limit= echo=",
        before=(0, 1),
        text="c command",
        alone="shell",
        source="script(1)",
    ),
    Wrapper(
        names="scriptlive",
        short="I:B:T:t:c:d:m:E:",
        long="log-in= log-io= timing= log-timing= command= divisor= maxdelay= echo=",
        text="c command",
        alone="shell",
        source="scriptlive(1)",
    ),
    Wrapper(
        names="su",
        short="c:C:flmpPs:g:G:w:h",
        long=_SU,
        before=(0, 1),
        takes="shell",
        text="c command session-command C",
        program="s shell",
        alone="shell",
        moves="*",
        source="su(1)",
    ),
    Wrapper(names="sg", short="c:", before=(1,), takes="shell", text="c", source="sg(1)"),
    Wrapper(
        names="runuser",
        short="c:C:flmpPs:g:G:u:w:",
        long=_SU,
        text="c command session-command C",
        program="s shell",
        alone="shell",
        moves="*",
        source="runuser(1)",
    ),
    Wrapper(names="busybox toybox", source="busybox(1)"),
    Wrapper(
        names="strace",
        short="cCdDfFhiknNqrtTvVwxyYzZA-a:b:e:E:I:o:O:p:P:s:S:u:U:X:",
        long=_STRACE,
        idle="p attach V h",
        source="strace(1)",
    ),
    Wrapper(
        names="ltrace", short="cCfhiLrStTVbA:a:D:e:F:l:n:o:p:s:u:w:x:X:", idle="p V h", source="ltrace(1)"
    ),
    Wrapper(
        names="valgrind",
        long="quiet verbose version help tool= leak-check= log-file= error-exitcode= track-origins= "
        "show-leak-kinds= suppressions= num-callers= trace-children= xml= xml-file=",
        idle="version help",
        source="valgrind(1)",
    ),
    Wrapper(
        names="systemd-run",
        short="u:p:E:tPqrGSdM:H:h",
        long=_SYSTEMD_RUN,
        alone="shell",
        moves="*",
        source="systemd-run(1)",
    ),
    Wrapper(
        names="systemd-inhibit",
        long="what= who= why= mode= list no-pager no-legend help version",
        idle="list",
        source="systemd-inhibit(1)",
    ),
    Wrapper(
        names="systemd-cat",
        short="t:p:",
        long="identifier= priority= stderr-priority= level-prefix= namespace=",
        source="systemd-cat(1)",
    ),
    Wrapper(
        names="dbus-run-session",
        long="config-file= dbus-daemon= help version",
        program="dbus-daemon",
        source="dbus-run-session(1)",
    ),
    Wrapper(
        names="dbus-launch",
        long="exit-with-session auto-syntax sh-syntax csh-syntax binary-syntax close-stderr",
        source="dbus-launch(1)",
    ),
    Wrapper(
        names="fakeroot fakeroot-ng fakechroot eatmydata catchsegv chronic ifne",
        short="hvus:i:b:l:",
        long="lib= faked= unknown-is-real help version",
        alone="shell",
        program="faked",
        source="fakeroot(1), chronic(1), ifne(1)",
    ),
    Wrapper(names="faketime", short="fmpe:", before=(1,), alone="shell", source="faketime(1)"),
    Wrapper(
        names="xvfb-run",
        short="ae:f:hln:p:s:w:",
        long="auto-servernum auto-display error-file= auth-file= listen-tcp "
        "server-num= xauth-protocol= server-args= wait=",
        source="xvfb-run(1)",
    ),
    Wrapper(names="firejail bwrap proot", alone="shell", moves="*", source="firejail(1), bwrap(1)"),
    Wrapper(names="rlwrap", source="rlwrap(1)"),
    Wrapper(
        names="torsocks torify tsocks proxychains proxychains4",
        short="iqf:a:u:p:d",
        alone="shell",
        source="torsocks(1), proxychains4(1)",
    ),
    Wrapper(names="sshpass", short="p:f:d:eP:vV", source="sshpass(1)"),
    Wrapper(names="ssh-agent", short="cDdksa:E:O:P:t:", idle="k c s D d", source="ssh-agent(1)"),
    Wrapper(
        names="ssh slogin",
        short="46AaCfGgKkMNnqsTtVvXxYyB:b:c:D:E:e:F:I:i:J:L:l:m:O:o:p:P:Q:R:S:W:w:",
        before=(1,),
        takes="shell",
        idle="V Q G N",
        far=True,
        source="ssh(1)",
    ),
    Wrapper(
        names="mosh",
        long="client= server= predict= ssh= port= no-init local",
        before=(1,),
        program="client",
        text="ssh server",
        far=True,
        source="mosh(1)",
    ),
    Wrapper(
        names="start-stop-daemon",
        short="SKTHVx:p:P:n:u:g:c:s:a:r:d:N:k:I:R:bmoqvtCO:",
        long=_DAEMON,
        program="x exec a startas",
        takes="nothing",
        moves="*",
        source="start-stop-daemon(8)",
    ),
    Wrapper(names="ccache sccache distcc icecc", idle="s C c z V", source="ccache(1)"),
    Wrapper(names="tini dumb-init catatonit", short="sgvwp:e:c", source="tini's README, dumb-init's README"),
    Wrapper(names="gosu su-exec setuidgid chpst", before=(1,), source="gosu's README, setuidgid(8)"),
    Wrapper(names="envdir", before=(1,), source="envdir(8)"),
    Wrapper(names="entr", short="acdnprsxz", items=True, source="entr(1)"),
    Wrapper(
        names="pee mispipe hyperfine concurrently",
        short="iw:r:m:M:S:N",
        takes="shell",
        source="pee(1), hyperfine(1)",
    ),
    Wrapper(names="abduco dtach", source="dtach(1)"),
    Wrapper(names="choom", short="n:p:", long="adjust= pid=", idle="p pid", source="choom(1)"),
    Wrapper(names="logsave", short="asv", before=(1,), source="logsave(8)"),
    Wrapper(names="openvt open", short="c:efluswv", alone="shell", source="openvt(1)"),
    Wrapper(names="setlock", short="nNxX", before=(1,), source="setlock(8)"),
    Wrapper(names="softlimit", short="a:c:d:f:l:m:o:p:r:s:t:", source="softlimit(8)"),
    Wrapper(names="multitime", short="f:I:i:ln:o:qr:s:v", source="multitime(1)"),
    Wrapper(names="grc", short="esc:", long="colour= config= pty stderr stdout", source="grc(1)"),
    Wrapper(names="msgfilter msgexec", short="i:o:D:", items=True, source="msgfilter(1)"),
    Wrapper(names="runcon", short="cu:r:t:l:", before=(0, 1), source="runcon(1)"),
    Wrapper(names="vglrun optirun primusrun gamemoderun", source="vglrun(1)"),
    Wrapper(
        names="cross-env cross-env-shell env-cmd",
        assignments=True,
        short="f:e:r:",
        source="cross-env's README",
    ),
    Wrapper(
        names="nodemon",
        short="w:e:i:x:",
        long="exec= watch= ext= ignore= delay=",
        text="x exec",
        source="nodemon(1)",
    ),
    Wrapper(
        names="watchexec",
        short="w:e:f:i:d:s:crpnN",
        long="watch= exts= filter= ignore= debounce= restart clear postpone shell=",
        source="watchexec(1)",
    ),
    Wrapper(names="daemonize", short="ae:o:p:c:u:l:vE:", source="daemonize(1)"),
    Wrapper(names="schroot", short="c:u:d:p", before=(0,), alone="shell", far=True, source="schroot(1)"),
    Wrapper(
        names="arch-chroot", short="u:Nr", before=(1,), alone="shell", moves="*", source="arch-chroot(8)"
    ),
    Wrapper(
        names="nix-shell",
        short="p:A:I:",
        long="run= command= packages= pure impure",
        takes="nothing",
        text="run command",
        alone="shell",
        source="nix-shell(1)",
    ),
    Wrapper(names="cgexec", short="g:", long="sticky", source="cgexec(1)"),
    Wrapper(
        names="qemu-user qemu-x86_64 qemu-aarch64 qemu-arm qemu-i386", single=True, source="QEMU user mode"
    ),
    Wrapper(
        names="npx bunx pnpx",
        short="yqp:c:",
        long="yes no quiet package= call= no-install prefer-online",
        text="c call",
        source="npx(1)",
    ),
    Wrapper(names="uvx", long="from= with= python= quiet isolated", short="qp:w:", source="uv tool run"),
)
"""A program may stand in one row only."""


@cache
def wrappers() -> dict[str, Wrapper]:
    """Returns the rows by name."""
    return {name: row for row in ROWS for name in row.names.split()}


class Subcommand(Struct, frozen=True, kw_only=True):
    """A wrapper that is a subcommand: `path` are the words behind the program (alternatives joined by commas), the
    rest is as in `Wrapper`.

    `before`: operands (an image, a container, a directory) before the command. `python`: options whose argument is a
    version or a program.
    """

    program: str
    path: str
    source: str
    short: str = ""
    long: str = ""
    before: int = 0
    far: bool = False
    takes: Literal["words", "shell"] = "words"
    text: str = ""
    python: str = ""


_RUN_LONG = (
    "detach interactive tty rm name= env= env-file= volume= mount= workdir= user= network= publish= publish-all "
    "entrypoint= memory= cpus= hostname= label= privileged cap-add= cap-drop= read-only init pull= platform= add-host= "
    "device= dns= expose= gpus= group-add= ipc= pid= restart= security-opt= shm-size= tmpfs= ulimit= userns= uts= "
    "volumes-from= quiet link= log-driver= log-opt= stop-signal= cidfile= net="
)
_EXEC_LONG = "detach detach-keys= env= env-file= interactive privileged tty user= workdir="

SUBCOMMANDS: tuple[Subcommand, ...] = (
    Subcommand(
        program="docker podman nerdctl",
        path="run, container run",
        short="ditPqa:c:e:h:l:m:p:u:v:w:",
        long=_RUN_LONG,
        before=1,
        far=True,
        source="docker run reference",
    ),
    Subcommand(
        program="docker podman nerdctl",
        path="exec, container exec",
        short="dite:u:w:",
        long=_EXEC_LONG,
        before=1,
        far=True,
        source="docker exec reference",
    ),
    Subcommand(
        program="docker podman",
        path="compose exec",
        short="dTe:u:w:",
        long=_EXEC_LONG + " no-TTY index=",
        before=1,
        far=True,
        source="docker compose exec reference",
    ),
    Subcommand(
        program="docker podman",
        path="compose run",
        short="dTie:l:p:u:v:w:",
        long="build detach entrypoint= env= "
        "interactive label= name= no-TTY no-deps publish= quiet-pull remove-orphans rm service-ports use-aliases user= "
        "volume= workdir=",
        before=1,
        far=True,
        source="docker compose run reference",
    ),
    Subcommand(
        program="docker-compose",
        path="exec",
        short="dTe:u:w:",
        long=_EXEC_LONG,
        before=1,
        far=True,
        source="docker compose exec reference",
    ),
    Subcommand(
        program="kubectl oc",
        path="exec",
        short="itqn:c:f:",
        long="stdin tty quiet namespace= container= filename= pod-running-timeout= context=",
        before=1,
        far=True,
        source="kubectl exec reference",
    ),
    Subcommand(program="ip", path="netns exec", before=1, source="ip-netns(8)"),
    Subcommand(program="ip", path="vrf exec", before=1, source="ip-vrf(8)"),
    Subcommand(
        program="uv",
        path="run",
        python="p python",
        short="qvm:p:w:",
        long="quiet verbose python= with= with-editable= extra= all-extras "
        "group= no-dev dev only-dev no-sync frozen locked isolated active no-project project= directory= package= "
        "all-packages env-file= no-env-file module= script refresh offline no-cache upgrade exact reinstall",
        source="uv run reference",
    ),
    Subcommand(
        program="uv",
        path="tool run",
        python="p python",
        short="qvp:w:",
        long="quiet verbose from= with= python= isolated",
        source="uv tool run reference",
    ),
    Subcommand(
        program="npm",
        path="exec, exe, x",
        short="yc:p:w:",
        long="yes no call= package= workspace= workspaces",
        text="c call",
        source="npm-exec(1)",
    ),
    Subcommand(program="npm", path="explore", before=1, takes="shell", source="npm-explore(1)"),
    Subcommand(
        program="npm",
        path="init, create, innit",
        short="yw:f",
        long="yes workspace= scope= workspaces include-workspace-root force package= call=",
        source="npm-init(1): runs the package create-NAME",
    ),
    Subcommand(program="pnpm yarn bun", path="create", source="pnpm create: runs the package create-NAME"),
    Subcommand(
        program="cargo",
        path="watch",
        short="cqx:s:w:i:d:",
        long="shell= exec=",
        text="s shell",
        source="cargo-watch(1)",
    ),
    Subcommand(
        program="pnpm yarn bun",
        path="exec",
        short="rcC:",
        long="recursive shell-mode parallel filter=",
        source="pnpm exec",
    ),
    Subcommand(
        program="pnpm yarn",
        path="dlx",
        short="cp:q",
        long="package= shell-mode quiet silent",
        source="pnpm dlx",
    ),
    Subcommand(program="bun", path="x", long="bun", source="bunx"),
    Subcommand(
        program="poetry pipenv hatch pdm rye pixi", path="run", source="poetry run, pipenv run, hatch run"
    ),
    Subcommand(
        program="conda mamba micromamba",
        path="run",
        short="n:p:v",
        long="name= prefix= no-capture-output live-stream cwd= verbose",
        source="conda run",
    ),
    Subcommand(program="bundle", path="exec", long="keep-file-descriptors gemfile=", source="bundle-exec(1)"),
    Subcommand(program="pyenv rbenv nodenv asdf", path="exec", source="pyenv exec, rbenv exec"),
    Subcommand(
        program="mise",
        path="exec",
        short="c:j:qy",
        long="command= cd= env= jobs= raw quiet yes",
        text="c command",
        source="mise exec",
    ),
    Subcommand(program="direnv", path="exec", before=1, source="direnv(1)"),
    Subcommand(program="nix", path="run", source="nix run"),
    Subcommand(program="nix", path="shell", source="nix shell"),
    Subcommand(program="rustup", path="run", long="install", before=1, source="rustup run"),
    Subcommand(program="opam", path="exec", long="switch= set-root set-switch sw=", source="opam-exec(1)"),
    Subcommand(
        program="aws-vault",
        path="exec",
        short="d:nj",
        long="duration= no-session region= mfa-token=",
        before=1,
        source="aws-vault exec",
    ),
    Subcommand(program="op doppler chamber", path="run", source="op run, doppler run"),
    Subcommand(program="chamber", path="exec", before=1, source="chamber exec"),
    Subcommand(
        program="vagrant",
        path="ssh",
        short="c:",
        long="command=",
        text="c command",
        far=True,
        source="vagrant ssh",
    ),
    Subcommand(program="multipass lxc incus", path="exec", before=1, far=True, source="lxc exec"),
    Subcommand(program="machinectl", path="shell", before=1, far=True, source="machinectl(1)"),
    Subcommand(program="flatpak", path="run", long="command= branch=", source="flatpak-run(1)"),
    Subcommand(program="git", path="bisect run", source="git-bisect(1)"),
    Subcommand(
        program="git",
        path="submodule foreach",
        short="q",
        long="quiet recursive",
        takes="shell",
        source="git-submodule(1)",
    ),
    Subcommand(program="git", path="for-each-repo", long="config= keep-going", source="git-for-each-repo(1)"),
    Subcommand(
        program="perf",
        path="stat",
        short="ade:I:o:r:v",
        long="event= repeat= output= all-cpus detailed",
        source="perf-stat(1)",
    ),
    Subcommand(
        program="perf",
        path="record",
        short="aF:gc:e:o:",
        long="freq= call-graph= event= output= all-cpus",
        source="perf-record(1)",
    ),
    Subcommand(
        program="tmux",
        path="new-session, new",
        short="AdDEPXc:e:f:F:n:s:t:x:y:",
        takes="shell",
        source="tmux(1)",
    ),
    Subcommand(program="tmux", path="new-window", short="abdkPSc:e:F:n:t:", takes="shell", source="tmux(1)"),
    Subcommand(program="tmux", path="run-shell", short="bCc:d:t:", takes="shell", source="tmux(1)"),
    Subcommand(program="coverage", path="run", source="coverage run"),
    Subcommand(program="apptainer singularity", path="exec", before=1, far=True, source="apptainer exec"),
    Subcommand(program="toolbox", path="run", short="c:d:r:", far=True, source="toolbox-run(1)"),
    Subcommand(program="rr", path="record", source="rr's documentation"),
    Subcommand(program="heroku", path="local:run, run", far=True, source="heroku local"),
    Subcommand(program="foreman honcho", path="run", short="e:f:", source="foreman run"),
)


@cache
def subcommands() -> dict[str, tuple[Subcommand, ...]]:
    """Returns the rows by program."""
    found: dict[str, tuple[Subcommand, ...]] = {}
    for row in SUBCOMMANDS:
        rows = tuple(replace(row, path=path) for path in row.path.split(", "))
        for name in row.program.split():
            found[name] = (*found.get(name, ()), *rows)
    return found
