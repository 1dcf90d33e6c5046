"""The views: each answers a request with a page or, for htmx, with a fragment of a page."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class Request(HttpRequest):
    """A request as the middleware passes it to a view, with `user` signed in, and with `htmx`."""

    user: User
    htmx: HtmxDetails
