"""Middleware of every request: caching, sessions that have expired, the reader's preferences."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRefresh

GetResponse = Callable[[HttpRequest], HttpResponse]


def protect_pages(get_response: GetResponse) -> GetResponse:
    """Keep pages out of browser caches, and sign-in pages out of fragments."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        redirect_path = response.headers.get("Location", "").partition("?")[0]
        if request.headers.get("HX-Request") and redirect_path == resolve_url(settings.LOGIN_URL):
            # The session has expired: reloading the page leads to the sign-in and back.
            response = HttpResponseClientRefresh()
        response.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def apply_preferences(get_response: GetResponse) -> GetResponse:
    """Activate the time zone and the language that the session holds."""

    def middleware(request: HttpRequest) -> HttpResponse:
        zone = request.session.get("zone") or settings.TIME_ZONE
        language = request.session.get("language")
        if language and language != translation.get_language():
            translation.activate(language)
            request.LANGUAGE_CODE = language
        with timezone.override(zoneinfo.ZoneInfo(zone)):
            return get_response(request)

    return middleware
