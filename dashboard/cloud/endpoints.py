"""Which hosts the product calls: the endpoints of accounts, and how a host is written."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
HOST = re.compile(rf"{LABEL}(?:\.{LABEL})*|[0-9a-f:]*:[0-9a-f:.]*", re.IGNORECASE)
HOST_AND_PORT = re.compile(
    rf"({LABEL}(?:\.{LABEL})*|\[[0-9a-f:]+\])(?::(\d{{1,5}}))?", re.IGNORECASE
)
# Cloud Config has public endpoints and, in a VPC, those of its region; nobody else can have a name
# like these. A bucket of anybody is below aliyuncs.com too, but with other names.
ALIBABA_CLOUD_HOST = re.compile(rf"config(-vpc)?(\.{LABEL})+\.aliyuncs\.com", re.IGNORECASE)


def is_host(text: str) -> bool:
    """Return whether a text is a host name without empty labels, or an IP address."""
    return HOST.fullmatch(text) is not None


def is_endpoint(text: str) -> bool:
    """Return whether a text is a host with an optional port, or such a host after `http://`."""
    match = HOST_AND_PORT.fullmatch(text.removeprefix("http://"))
    return match is not None and 0 < int(match[2] or 443) < 2**16


def is_allowed_endpoint(text: str, allowed_endpoints: Collection[str]) -> bool:
    """Return whether an account may have this endpoint.

    Allowed are the hosts of Cloud Config by HTTPS, and the hosts (`host` or `host:port`) of the
    server's settings, by HTTPS or, after `http://`, without encryption.
    """
    if not is_endpoint(text):
        return False
    address = text.removeprefix("http://").lower()
    parts = urlsplit(f"//{address}")
    allowed = {endpoint.lower() for endpoint in allowed_endpoints}
    host = address[: -len(f":{parts.port}")] if parts.port is not None else address
    is_of_the_cloud = address == text.lower() and ALIBABA_CLOUD_HOST.fullmatch(host)
    return bool(is_of_the_cloud) or bool({address, host} & allowed)
