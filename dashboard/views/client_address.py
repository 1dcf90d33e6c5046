"""The address of the browser, also behind a proxy."""

from django.conf import settings
from django.http import HttpRequest


def get_client_address(request: HttpRequest) -> str:
    """Return the address that sent the request.

    With TLS there is a proxy, which appends the browser's address to X-Forwarded-For; what comes
    before it in this header may be invented by the browser.
    """
    if settings.TLS:
        addresses = request.headers.get("X-Forwarded-For", "").split(",")
        if addresses[-1].strip():
            return addresses[-1].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
