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
    (r"NODE_OPTIONS|NODE_PATH|npm_config_.*|NPM_CONFIG_.*", "changes what Node.js loads"),
    (r"PYTHON.*|PIP_.*|VIRTUAL_ENV", "changes what Python loads"),
    (r"PERL5.*|PERLLIB|PERL_.*", "changes what Perl loads"),
    (r"RUBYOPT|RUBYLIB|GEM_.*|BUNDLE_.*", "changes what Ruby loads"),
    (
        r"LUA_.*|PHPRC|PHP_INI_SCAN_DIR|R_PROFILE.*|JULIA_.*|AWKPATH|AWKLIBPATH",
        "changes what an interpreter loads",
    ),
    (
        r"_?JAVA_OPTIONS|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|MAVEN_.*|GRADLE_.*",
        "changes what Java loads",
    ),
    (
        r"(?:MAN|GIT_|SYSTEMD_|BAT_|DELTA_)?PAGER|LESSOPEN|LESSCLOSE|LESS|LESSKEY.*",
        "names a program that others start",
    ),
    (
        r"EDITOR|VISUAL|FCEDIT|BROWSER|SUDO_EDITOR|SUDO_ASKPASS|SYSTEMD_EDITOR",
        "names a program that others start",
    ),
    (r"SSH_ASKPASS.*|RSYNC_RSH|CVS_RSH|SVN_SSH|TAR_OPTIONS|TAPE|RSH", "names a program that others start"),
    (
        r"CC|CXX|CPP|LD|AR|AS|CFLAGS|LDFLAGS|MAKEFLAGS|MFLAGS|GNUMAKEFLAGS|RUSTC.*|CARGO_.*|GO(?:FLAGS|ROOT|PATH)",
        "changes what a build starts",
    ),
    (
        r"KUBE_EDITOR|DOCKER_HOST|KUBECONFIG|TERM(?:INFO|CAP).*|OPENSSL_(?:CONF|MODULES|ENGINES)",
        "changes what tools load or talk to",
    ),
    (r"(?:https?|ftp|all|no)_proxy|(?:HTTPS?|FTP|ALL|NO)_PROXY", "sends connections elsewhere"),
    (
        r"PERLDB_OPTS|VIMINIT|EXINIT|GVIMINIT|RIPGREP_CONFIG_PATH|ACKRC|FZF_DEFAULT_COMMAND|HGRCPATH|HGEDITOR",
        "changes what a tool starts",
    ),
)
_COMPILED = tuple((re.compile(pattern), reason) for pattern, reason in _REASONS)
_SAFE_IFS = frozenset(["", " ", "\n", "\t", " \t\n", ",", ":", "\\n"])


def danger(name: str, value: Word | None) -> str | None:
    """Returns why setting `name` matters ("decides which file a name starts"), or None if it does not."""
    if (
        name == "IFS"
        and value is not None
        and (value.value in _SAFE_IFS or value.raw in ("$'\\n'", "$'\\n\\t'", "$'\\t'"))
    ):
        return None
    return next((reason for pattern, reason in _COMPILED if pattern.fullmatch(name)), None)
