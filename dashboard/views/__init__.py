"""Request in, page or fragment out."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class Request(HttpRequest):
    """A request as the middleware passes it to a view: with a signed-in user and htmx details."""

    user: User
    htmx: HtmxDetails
