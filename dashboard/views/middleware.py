"""What every request passes: private pages are not kept by caches; language, zone and theme are the reader's."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRefresh

Respond = Callable[[HttpRequest], HttpResponse]


def protect_pages(respond: Respond) -> Respond:
    """What a signed-in person sees stays in no shared machine's cache, and no fragment becomes a sign-in page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = respond(request)
        to = response.headers.get("Location", "").partition("?")[0]
        if request.headers.get("HX-Request") and to == resolve_url(settings.LOGIN_URL):
            # The sign-in has run out under an open page: loading the page again leads to the sign-in and back.
            response = HttpResponseClientRefresh()
        response.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def apply_preferences(respond: Respond) -> Respond:
    """Turns on the reader's zone and language, which are read once at sign-in and kept in the session."""

    def middleware(request: HttpRequest) -> HttpResponse:
        zone = request.session.get("zone") or settings.TIME_ZONE
        language = request.session.get("language")
        if language and language != translation.get_language():
            translation.activate(language)
            request.LANGUAGE_CODE = language
        with timezone.override(zoneinfo.ZoneInfo(zone)):
            return respond(request)

    return middleware
