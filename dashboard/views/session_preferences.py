"""The preferences of a person in the session and in the language cookie."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

PREFERENCE_NAMES = ("language", "zone", "theme")


def get_session_preferences(request: HttpRequest) -> dict[str, str]:
    return {name: request.session[name] for name in PREFERENCE_NAMES if name in request.session}


def set_language_cookie(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Keep the session's language in a cookie, for the next sign-in page."""
    if language := request.session.get("language"):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response
