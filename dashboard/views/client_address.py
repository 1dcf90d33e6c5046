"""The address of the browser, also behind a proxy."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def get_client_address(request: HttpRequest) -> str:
    """Return the address that sent the request.

    With TLS there is a proxy, which appends the browser's address to X-Forwarded-For; what comes
    before it in this header may be invented by the browser. A header that ends with anything but an
    address is ignored: PostgreSQL would not store it.
    """
    if settings.TLS:
        last_address = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
        if is_address(last_address):
            return last_address
    return str(request.META.get("REMOTE_ADDR", ""))


def get_lock_address(request: HttpRequest) -> str:
    """Return the address whose wrong passwords are counted.

    Of an IPv6 address that is its network of 64 bits: a user of one of its addresses has all.
    """
    text = get_client_address(request)
    if not is_address(text):
        return text
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        return text
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False).network_address)


def is_address(text: str) -> bool:
    """Return whether a text is an IP address without a zone, such as the "%eth0" of IPv6."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
