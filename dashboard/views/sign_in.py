"""Sign in, and change one's password."""

from typing import Any
from urllib.parse import quote

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.core.cache import cache
from django.db import DatabaseError
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.archive.disk import find_write_refusal
from dashboard.models import Preference
from dashboard.views.client_address import get_lock_address
from dashboard.views.forms import SignInForm
from dashboard.views.preference_cookies import COOKIE_NAMES, set_preferences


class SignInView(LoginView):
    """Sign a user in, and load the user's stored preferences into cookies.

    A preference that is not stored keeps the value chosen before the sign-in.
    """

    authentication_form = SignInForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"label_suffix": ""}

    def post(self, request: HttpRequest, *arguments: Any, **values: Any) -> HttpResponse:
        """Sign the user in, unless too many wrong passwords for any names came from the address."""
        if count_wrong_passwords(request) >= settings.ADDRESS_FAILURE_LIMIT:
            return render_lock(request, is_address_locked=True)
        try:
            return super().post(request, *arguments, **values)
        except DatabaseError as error:
            if find_write_refusal(error):
                count_unstored_failure(request)
            raise

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        try:
            response = super().form_valid(form)
        except DatabaseError as error:
            if self.request.user != form.get_user() or not find_write_refusal(error):
                raise
            # The user is signed in; only the time of the sign-in could not be stored.
            response = redirect(self.get_success_url())
        preference = Preference.objects.filter(user=form.get_user()).first()
        stored = {name: getattr(preference, name, "") for name in COOKIE_NAMES}
        return set_preferences(response, {name: value for name, value in stored.items() if value})


def count_wrong_passwords(request: HttpRequest) -> int:
    """Return how many wrong passwords came from the sender's address, within the time of a lock."""
    attempts = AccessAttempt.objects.filter(
        ip_address=get_lock_address(request),
        attempt_time__gt=timezone.now() - settings.AXES_COOLOFF_TIME,
    )
    stored_count = attempts.aggregate(count=Sum("failures_since_start"))["count"] or 0
    return int(stored_count) + int(cache.get(build_cache_key(request), 0))


def count_unstored_failure(request: HttpRequest) -> None:
    """Count a sign-in that failed while nothing can be stored; in memory, by address alone."""
    key = build_cache_key(request)
    cache.add(key, 0, settings.AXES_COOLOFF_TIME.total_seconds())
    cache.incr(key)


def build_cache_key(request: HttpRequest) -> str:
    return f"failed-sign-ins-{quote(get_lock_address(request), safe='')}"


def show_lock(request: HttpRequest, *_response_and_credentials: object) -> HttpResponse:
    """Answer a sign-in for a name that is locked for this address."""
    return render_lock(request, is_address_locked=False)


def render_lock(request: HttpRequest, is_address_locked: bool) -> HttpResponse:
    """Say what is locked and for how long."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    context = {
        "is_address_locked": is_address_locked,
        "lock_minutes": -(-seconds // 60),  # rounded up
    }
    response = render(request, "registration/locked.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response


class ChangePasswordView(PasswordChangeView):
    """Let a user change the password, which ends the user's other sign-ins."""

    success_url = reverse_lazy("preferences")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"label_suffix": ""}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, _("Your password was changed."))
        return super().form_valid(form)
