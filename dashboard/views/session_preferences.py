"""Read a user's preferences from the session, and set the cookie of the language."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

PREFERENCE_NAMES = ("language", "zone", "theme")


def get_session_preferences(request: HttpRequest) -> dict[str, str]:
    return {name: request.session[name] for name in PREFERENCE_NAMES if name in request.session}


def set_language_cookie(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Store the session's language in a cookie, so that the next sign-in page uses it.

    Return the same response. Without a language in the session, no cookie is set.
    """
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
