"""Sign in, and change one's password."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from dashboard.archive.disk import find_write_refusal
from dashboard.models import Preference
from dashboard.views.preference_cookies import COOKIE_NAMES, set_preferences


class SignInView(LoginView):
    """Sign a user in, and load the user's stored preferences into cookies.

    A preference that is not stored keeps the value chosen before the sign-in.
    """

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"label_suffix": ""}

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


class ChangePasswordView(PasswordChangeView):
    """Let a user change the password, which ends the user's other sign-ins."""

    success_url = reverse_lazy("preferences")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"label_suffix": ""}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, _("Your password was changed."))
        return super().form_valid(form)
