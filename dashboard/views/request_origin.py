"""How a request arrived: its scheme, host, origin and the headers of a proxy."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from dashboard.views.client_address import get_client_address

SHOWN_HEADERS = (
    "Host",
    "Origin",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-For",
    "Forwarded",
)
MAXIMUM_SHOWN = 200  # characters of a header


def describe_arrival(request: HttpRequest) -> list[tuple[str, str]]:
    """Return (name, value) of what arrived; the value is "–" where nothing did. No secrets."""
    headers = [
        (name, request.headers.get(name, "")[:MAXIMUM_SHOWN] or "–") for name in SHOWN_HEADERS
    ]
    return [
        (_("Scheme as the site sees it"), request.scheme or "–"),
        *headers,
        (_("Address of the sender"), str(request.META.get("REMOTE_ADDR", "")) or "–"),
        (_("Address of the browser, as the site sees it"), get_client_address(request) or "–"),
        ("TLS", str(settings.TLS)),
    ]


def find_proxy_problems(request: HttpRequest) -> list[str]:
    """Return, in words, what about the proxy and the settings does not fit together."""
    problems = []
    scheme = request.headers.get("X-Forwarded-Proto", "")
    if settings.TLS and not scheme:
        problems.append(
            _("TLS is True, but no X-Forwarded-Proto arrived: the proxy must set this header.")
        )
    if scheme == "https" and not settings.TLS:
        problems.append(
            _("The proxy says X-Forwarded-Proto: https, but TLS is not True in the settings.")
        )
    if settings.TLS and not request.headers.get("X-Forwarded-For"):
        problems.append(
            _("No X-Forwarded-For arrived: all browsers seem to have the proxy's address.")
        )
    return problems


def find_origin_problems(request: HttpRequest) -> list[str]:
    """Return, in words, why the page that sent a form does not seem to be a page of this site."""
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    parts = urlsplit(origin) if origin.isprintable() and "[" not in origin else urlsplit("")
    host = request.headers.get("Host", "")
    if f"{parts.scheme}://{parts.netloc}" in settings.CSRF_TRUSTED_ORIGINS:
        return []
    problems = []
    if parts.scheme and parts.scheme != request.scheme:
        problems.append(
            _(
                "Scheme: the browser used %(browser)s, but the request arrived as %(site)s. The "
                "proxy must set X-Forwarded-Proto, and TLS must be True in the settings."
            )
            % {"browser": parts.scheme[:MAXIMUM_SHOWN], "site": request.scheme}
        )
    if parts.netloc and parts.netloc != host:
        problems.append(
            _(
                "Host: the browser used %(browser)s, but the request arrived for %(site)s. The "
                "proxy must pass the header Host on, or CSRF_TRUSTED_ORIGINS must name the address."
            )
            % {"browser": parts.netloc[:MAXIMUM_SHOWN], "site": host[:MAXIMUM_SHOWN]}
        )
    if origin == "null":
        problems.append(_("Origin: the browser did not say which page sent the form."))
    if settings.CSRF_COOKIE_NAME not in request.COOKIES:
        problems.append(
            _(
                "Cookie: none arrived. The browser blocks cookies, or the page was opened by plain "
                "HTTP while TLS is True in the settings."
            )
        )
    return problems
