"""Middleware for browser caching, expired sessions, and the user's language and time zone."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from django_htmx.http import trigger_client_event

GetResponse = Callable[[HttpRequest], HttpResponse]


def protect_pages(get_response: GetResponse) -> GetResponse:
    """Forbid browsers to cache pages, and reload the page if a fragment needs a new sign-in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        redirect_path = response.headers.get("Location", "").partition("?")[0]
        if request.headers.get("HX-Request") and redirect_path == resolve_url(settings.LOGIN_URL):
            # The session has expired: the open page says so and stays as it is.
            response = trigger_client_event(HttpResponse(status=204), "signed-out")
        response.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def apply_preferences(get_response: GetResponse) -> GetResponse:
    """Activate the time zone and the language that are stored in the session."""

    def middleware(request: HttpRequest) -> HttpResponse:
        zone = request.session.get("zone") or settings.TIME_ZONE
        language = request.session.get("language")
        if language and language != translation.get_language():
            translation.activate(language)
            request.LANGUAGE_CODE = language
        with timezone.override(zoneinfo.ZoneInfo(zone)):
            return get_response(request)

    return middleware
