"""Signing in, and how a person wants the pages: language, time zone, theme."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from dashboard.models import Preference
from dashboard.views.forms import PreferenceForm

KEPT = ("language", "zone", "theme")


class SignIn(LoginView):
    """Signing in brings the person's preferences into the session; where they have none, an earlier choice stays."""

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"label_suffix": ""}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        preference = Preference.objects.filter(user=form.get_user()).first()
        for name in KEPT:
            if preference and (value := getattr(preference, name)):
                self.request.session[name] = value
        return remember_language(self.request, response)


def remember_language(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Leaves the language in a cookie, so that the next sign-in page speaks it."""
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


def stored_preferences(request: HttpRequest) -> dict[str, str]:
    return {name: request.session[name] for name in KEPT if name in request.session}


@login_not_required
def preferences_page(request: HttpRequest) -> HttpResponse:
    """The page of the preferences, and where every page's switches post; before sign-in they live in the session."""
    if request.method != "POST":
        form = PreferenceForm(
            initial={"zone": settings.TIME_ZONE, "language": request.LANGUAGE_CODE}
            | stored_preferences(request),
            label_suffix="",
        )
        return render(request, "preferences.html", {"form": form})
    sent = {name: request.POST[name] for name in KEPT if name in request.POST}
    form = PreferenceForm(
        {"zone": settings.TIME_ZONE, "language": request.LANGUAGE_CODE}
        | stored_preferences(request)
        | sent,
        label_suffix="",
    )
    if not form.is_valid():
        return render(request, "preferences.html", {"form": form}, status=422)
    for name in sent:
        request.session[name] = form.cleaned_data[name]
    if request.user.is_authenticated:
        Preference.objects.update_or_create(user=request.user, defaults=stored_preferences(request))
    goal = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        goal, {request.get_host()}, require_https=request.is_secure()
    ):
        goal = "/preferences/"
        messages.success(request, _("Preferences saved."))
    return remember_language(request, redirect(goal))
