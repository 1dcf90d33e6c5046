"""The page with the results of the search in the top bar."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.queries.pack_choices import clean_search_text
from dashboard.queries.search import MAX_RANKED, search_all


@require_GET
def search_page(request: HttpRequest) -> HttpResponse:
    text = clean_search_text(request.GET.get("q"))
    context = {"search": text, "max_ranked": MAX_RANKED}
    if text:
        context["results"] = search_all(text)
    return render(request, "search.html", context)
