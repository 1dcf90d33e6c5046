"""What may be entered as the endpoint of an account."""

import re
from collections.abc import Collection

LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
HOST_AND_PORT = re.compile(
    rf"({LABEL}(?:\.{LABEL})*|\[[0-9a-f:]+\])(?::(\d{{1,5}}))?", re.IGNORECASE
)
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def is_endpoint(text: str, http_endpoints: Collection[str] = ()) -> bool:
    """Return whether a text is a host with an optional port, which is called by HTTPS.

    The sandbox speaks plain HTTP: `http://host:port` is accepted for this machine, and for those
    of `http_endpoints`, each a host or host:port.
    """
    address = text.removeprefix("http://")
    match = HOST_AND_PORT.fullmatch(address)
    if not match or not 0 < int(match[2] or 443) < 2**16:
        return False
    is_https = address == text
    return is_https or match[1] in (*LOOPBACK_HOSTS, *http_endpoints) or address in http_endpoints
