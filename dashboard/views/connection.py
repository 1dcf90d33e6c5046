"""The page for administrators that shows how requests arrive through a proxy."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.views import Request
from dashboard.views.request_origin import describe_arrival, find_proxy_problems


@permission_required("dashboard.change_account", raise_exception=True)
@require_safe
def connection_page(request: Request) -> HttpResponse:
    """Show scheme, host, headers of the proxy and client address of this very request."""
    context = {"arrival": describe_arrival(request), "problems": find_proxy_problems(request)}
    return render(request, "connection.html", context)
