"""The page of a user's preferences: language, time zone, theme."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from dashboard.models import Preference
from dashboard.views.forms import PreferenceForm
from dashboard.views.preference_cookies import COOKIE_NAMES, get_preferences, set_preferences


@login_not_required
def preferences_page(request: HttpRequest) -> HttpResponse:
    """Show the preferences, or save the posted ones.

    The switches for language and theme on every page post here too.
    """
    preferences = {
        "zone": settings.TIME_ZONE,
        "language": request.LANGUAGE_CODE,
        **get_preferences(request),
    }
    if request.method == "POST":
        return save_preferences(request, preferences)
    form = PreferenceForm(initial=preferences, label_suffix="")
    return render(request, "preferences.html", {"form": form})


def save_preferences(request: HttpRequest, preferences: dict[str, str]) -> HttpResponse:
    """Save the posted preferences in cookies and, for a signed-in user, in the database."""
    posted = {name: request.POST[name] for name in COOKIE_NAMES if name in request.POST}
    form = PreferenceForm(preferences | posted, label_suffix="")
    if not form.is_valid():
        return render(request, "preferences.html", {"form": form}, status=422)
    saved = {name: form.cleaned_data[name] for name in posted}
    if request.user.is_authenticated:
        Preference.objects.update_or_create(
            user=request.user, defaults=get_preferences(request) | saved
        )
    return set_preferences(redirect_after_saving(request), saved)


def redirect_after_saving(request: HttpRequest) -> HttpResponse:
    """Redirect to the posted `next`, if it is a path of this site, else to the preferences."""
    path = request.POST.get("next", "")
    if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        return HttpResponseRedirect(path)  # redirect() would look for a view of this name
    if request.user.is_authenticated:
        messages.success(request, _("Preferences saved."))  # needs a session
    return redirect("preferences")
