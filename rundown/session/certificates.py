"""The certificate authorities that rundown was told to trust, for steps: whoever sits behind a company's own
authority reaches nothing by TLS without them.

Source: OpenSSL's SSL_CTX_load_verify_locations(3); Node's, requests', curl's, git's and pip's documentation
of their variables.
"""

import os
from collections.abc import Mapping
from typing import Final

_VARIABLES: Final = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"),
    *("CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT"),
)


def certificate_files(parent: Mapping[str, str]) -> dict[str, str]:
    """Returns the real path of each file or folder of certificates that exists, by the variable's name."""
    named = {name: parent[name] for name in _VARIABLES if parent.get(name, "").startswith("/")}
    return {name: os.path.realpath(path) for name, path in named.items() if os.path.exists(path)}
