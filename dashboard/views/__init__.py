"""Request in, page or fragment out."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class Request(HttpRequest):
    """A request as the middleware leaves it to a view: of somebody signed in, and perhaps htmx's."""

    user: User
    htmx: HtmxDetails
