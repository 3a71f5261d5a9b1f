"""Variables that change what is started, and how: setting one is asked for.

Source: bash(1) "Shell Variables"; ld.so(8) ENVIRONMENT; git(1) "Environment Variables"; python(1), node(1), perlrun(1),
ruby(1), openjdk java(1), man(1), less(1), ssh(1), gcc(1), make(1) "ENVIRONMENT".
"""

import re

from rundown.shell.tree import Word

_REASONS = (
    (r"PATH", "decides which file a name starts"),
    (
        r"LD_.*|DYLD_.*|GCONV_PATH|GLIBC_TUNABLES|MALLOC_TRACE|LOCPATH|NLSPATH",
        "changes what every program loads",
    ),
    (r"BASH_ENV|ENV|ZDOTDIR", "names a file that a shell runs when it starts"),
    (r"IFS", "changes how the shell cuts text into words"),
    (r"PS[0-4]|PROMPT_COMMAND|PROMPT_DIRTRIM", "is run or expanded by the shell"),
    (r"SHELLOPTS|BASHOPTS|BASH_COMPAT|POSIXLY_CORRECT|GLOBIGNORE|EXECIGNORE", "changes how the shell works"),
    (
        r"BASH_FUNC_.*|BASH_ALIASES|BASH_CMDS|BASH_LOADABLES_PATH|BASH_XTRACEFD",
        "replaces commands of the shell",
    ),
    (r"TEXTDOMAIN|TEXTDOMAINDIR", "replaces texts that the shell expands"),
    (r"SHELL|MAKESHELL", "names the shell that other programs start"),
    (r"GIT_.*", "changes what git starts"),
    (
        r"NODE_OPTIONS|NODE_PATH|npm_config_.*|NPM_CONFIG_.*|YARN_.*|COREPACK_.*|BUN_.*|DENO_.*|ESBUILD_BINARY_PATH",
        "changes what Node.js loads",
    ),
    (
        r"PYTHON.*|PIP_.*|VIRTUAL_ENV|PYTEST_.*|UV_(?:.*PYTHON.*|.*INDEX.*|CONFIG_FILE|TOOL_.*|ENV_FILE|PROJECT)",
        "changes what Python loads",
    ),
    (r"PERL5.*|PERLLIB|PERL_.*", "changes what Perl loads"),
    (r"RUBYOPT|RUBYLIB|GEM_.*|BUNDLE_.*", "changes what Ruby loads"),
    (
        r"LUA_.*|PHPRC|PHP_INI_SCAN_DIR|R_PROFILE.*|JULIA_.*|AWKPATH|AWKLIBPATH|GUILE_.*|TCLLIBPATH|EMACSLOADPATH|"
        r"ERL_.*|ELIXIR_.*|DOTNET_(?:STARTUP_HOOKS|ROOT.*|ADDITIONAL_DEPS)|CORECLR_.*",
        "changes what an interpreter loads",
    ),
    (
        r"_?JAVA_OPTIONS|JAVA_(?:TOOL_OPTIONS|OPTS|HOME)|JAVACMD|JDK_JAVA_OPTIONS|CLASSPATH|MAVEN_.*|M2_HOME|GRADLE_.*",
        "changes what Java loads",
    ),
    (
        r"(?:MAN|GIT_|SYSTEMD_|BAT_|DELTA_)?PAGER|MANOPT|MANROFFOPT|LESSOPEN|LESSCLOSE|LESS|LESSKEY.*",
        "names a program that others start",
    ),
    (
        r"EDITOR|VISUAL|FCEDIT|BROWSER|SUDO_EDITOR|SUDO_ASKPASS|SYSTEMD_EDITOR",
        "names a program that others start",
    ),
    (
        r"SSH_ASKPASS.*|RSYNC_RSH|CVS_RSH|SVN_SSH|TAR_OPTIONS|TAPE|RSH|ZIPOPT|ZIP|UNZIP(?:OPT)?",
        "names a program that others start",
    ),
    (
        r"CC|CXX|CPP|LD|AR|AS|FC|GCCGO|CFLAGS|LDFLAGS|MAKEFLAGS|MAKEFILES|MFLAGS|GNUMAKEFLAGS|RUSTC.*|RUSTDOC.*|RUSTFLAGS|"
        r"RUSTUP_.*|CARGO(?:_.*)?|GO(?:FLAGS|ROOT|PATH|ENV|TOOLCHAIN|TOOLDIR)|CGO_.*|PKG_CONFIG.*|GCC_EXEC_PREFIX|"
        r"COMPILER_PATH|CMAKE_(?!BUILD_).*",
        "changes what a build starts",
    ),
    (
        r"KUBE_EDITOR|DOCKER_(?:HOST|CONFIG|CONTEXT)|KUBECONFIG|TERM(?:INFO|CAP).*|OPENSSL_(?:CONF|MODULES|ENGINES)|"
        r"HELM_PLUGINS|TF_CLI_.*|ANSIBLE_.*|CLOUDSDK_PYTHON.*|AWS_(?:CONFIG|SHARED_CREDENTIALS)_FILE|GNUPGHOME|KRB5_CONFIG|"
        r"CURL_HOME|WGETRC|PSQLRC|PGSERVICEFILE|PGSYSCONFDIR|XDG_CONFIG_(?:HOME|DIRS)|HOME",
        "changes what tools load or talk to",
    ),
    (
        r"(?:https?|ftp|all|no)_proxy|(?:HTTPS?|FTP|ALL|NO)_PROXY|GOPROXY|GOSUMDB|GONOSUM.*",
        "sends connections elsewhere",
    ),
    (
        r"PERLDB_OPTS|N?VIM.*|EXINIT|GVIMINIT|RIPGREP_CONFIG_PATH|ACKRC|FZF_DEFAULT_COMMAND|HGRCPATH|HGEDITOR",
        "changes what a tool starts",
    ),
)
_COMPILED = tuple((re.compile(pattern), reason) for pattern, reason in _REASONS)
_CREDENTIAL = re.compile(r"(?!LD_|DYLD_|BASH_).*_(?:TOKEN|PASSWORD|PASSPHRASE|SECRET|API_KEY|ACCESS_KEY)")
"""`CARGO_REGISTRY_TOKEN`, `YARN_NPM_AUTH_TOKEN`: what tools are given, and nothing that they start."""
_SAFE_IFS = frozenset(["", " ", "\n", "\t", " \t\n", ",", ":", "\\n"])


def danger(name: str, value: Word | None) -> str | None:
    """Returns why setting `name` matters ("decides which file a name starts"), or None if it does not."""
    if (
        name == "IFS"
        and value is not None
        and (value.value in _SAFE_IFS or value.raw in ("$'\\n'", "$'\\n\\t'", "$'\\t'"))
    ):
        return None
    if _CREDENTIAL.fullmatch(name):
        return None
    return next((reason for pattern, reason in _COMPILED if pattern.fullmatch(name)), None)
