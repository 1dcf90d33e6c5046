"""The sign-in page."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpResponse

from dashboard.models import Preference
from dashboard.views.session_preferences import PREFERENCE_NAMES, set_language_cookie


class SignInView(LoginView):
    """Sign a user in, and load the user's stored preferences into the session.

    A preference that is not stored keeps the value chosen before the sign-in.
    """

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"label_suffix": ""}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        preference = Preference.objects.filter(user=form.get_user()).first()
        for name in PREFERENCE_NAMES:
            if preference and (value := getattr(preference, name)):
                self.request.session[name] = value
        return set_language_cookie(self.request, response)
