"""Keep a user's language, time zone and theme in cookies, before and after the sign-in.

Cookies need no session, so a visitor of the sign-in page leaves nothing in the database.
"""

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from dashboard.models import Preference
from dashboard.text.time_zones import load_zone_names

COOKIE_NAMES = {
    "language": settings.LANGUAGE_COOKIE_NAME,
    "zone": "ledger_zone",
    "theme": "ledger_theme",
}


def get_preferences(request: HttpRequest) -> dict[str, str]:
    """Return the preferences that the browser's cookies state; leave out what is unknown."""
    known_values = {
        "language": dict(settings.LANGUAGES),
        "zone": load_zone_names(),
        "theme": Preference.Theme.values,
    }
    cookies = {name: request.COOKIES.get(cookie) for name, cookie in COOKIE_NAMES.items()}
    return {name: value for name, value in cookies.items() if value and value in known_values[name]}


def set_preferences(response: HttpResponse, preferences: Mapping[str, str]) -> HttpResponse:
    """Store these preferences in cookies of the response, and return the response."""
    for name, value in preferences.items():
        response.set_cookie(
            COOKIE_NAMES[name],
            value,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response
