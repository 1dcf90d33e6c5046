"""Middleware: tables of another version, methods, browser caching, sessions, time zone, sizes."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import trigger_client_event

from dashboard.database import schema
from dashboard.database.faults import find_database_fault
from dashboard.views.failures import describe_failure, render_failure
from dashboard.views.preference_cookies import get_preferences

# The pages use none of these.
PERMISSIONS_POLICY = (
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
)
KNOWN_METHODS = ("GET", "HEAD", "POST")
GetResponse = Callable[[HttpRequest], HttpResponse]


def require_own_tables(get_response: GetResponse) -> GetResponse:
    """Answer no request before the tables of the database were found to be those of this version.

    The site may be started before `migrate`; its pages say so, and work without a new start after.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if schema.is_check_due():
            if code := find_schema_or_database_fault():
                return render_failure(describe_failure(503, code))
            schema.end_check()
        return get_response(request)

    return middleware


def find_schema_or_database_fault() -> str:
    """Return why no page can be shown; "" if there is no such fault. Raise any other error."""
    try:
        return schema.find_schema_fault()
    except DatabaseError as error:
        if code := find_database_fault(error):
            return code
        raise


def protect_pages(get_response: GetResponse) -> GetResponse:
    """Forbid browsers to cache pages, and reload the page if a fragment needs a new sign-in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        redirect_path = response.headers.get("Location", "").partition("?")[0]
        if request.headers.get("HX-Request") and redirect_path == resolve_url(settings.LOGIN_URL):
            # The session has expired: the open page says so and stays as it is.
            response = trigger_client_event(HttpResponse(status=204), "signed-out")
        response.setdefault("Cache-Control", "no-store")
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response

    return middleware


def refuse_other_methods(get_response: GetResponse) -> GetResponse:
    """Refuse the methods that no page has: several views would answer them like GET or POST."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in KNOWN_METHODS:
            return HttpResponseNotAllowed(KNOWN_METHODS)
        return get_response(request)

    return middleware


def apply_time_zone(get_response: GetResponse) -> GetResponse:
    """Activate the time zone that the browser's cookie states."""

    def middleware(request: HttpRequest) -> HttpResponse:
        zone = get_preferences(request).get("zone", settings.TIME_ZONE)
        with timezone.override(zoneinfo.ZoneInfo(zone)):
            return get_response(request)

    return middleware


def refuse_large_bodies(get_response: GetResponse) -> GetResponse:
    """Refuse a request that is larger than a form, before its body is read.

    Only users who may import send files, to the page of imports; their limits are those of imports.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        size = read_content_length(request)
        if size > settings.FORM_LIMIT_BYTES and not may_send_files(request):
            response = render(request, "413.html", status=413)
            response["Connection"] = "close"
            return response
        return get_response(request)

    return middleware


def may_send_files(request: HttpRequest) -> bool:
    """Return whether the request is for the page of imports, by a user who may import."""
    is_import = request.path == reverse("import-list")
    return is_import and request.user.has_perm("dashboard.import_report")


def read_content_length(request: HttpRequest) -> int:
    """Return the stated size of the body; 0 if it is no number, as Django reads it."""
    try:
        return int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return 0
