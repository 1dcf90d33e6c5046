"""Accounts, for administrators: add, edit, test the connection, refresh the packs."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from dashboard import cloud
from dashboard.generation import discovery
from dashboard.models import Account
from dashboard.text import error_messages
from dashboard.views import Request
from dashboard.views.forms import AccountForm

Shown = Account.objects.defer("secret_encrypted")


@require_GET
@permission_required("dashboard.view_account", raise_exception=True)
def account_list(request: Request) -> HttpResponse:
    in_cloud = Count("packs", filter=Q(packs__gone_at=None, packs__imported=False))
    return render(request, "account/list.html", {"accounts": Shown.annotate(in_cloud=in_cloud)})


@require_GET
@permission_required("dashboard.view_account", raise_exception=True)
def account_detail(request: Request, pk: int) -> HttpResponse:
    found = get_object_or_404(Shown, pk=pk)
    return render(request, "account/detail.html", {"account": found, "packs": found.packs.all()})


@permission_required("dashboard.add_account", raise_exception=True)
def account_add(request: Request) -> HttpResponse:
    return render_account_form(request, Account())


@permission_required("dashboard.change_account", raise_exception=True)
def account_edit(request: Request, pk: int) -> HttpResponse:
    return render_account_form(request, get_object_or_404(Account, pk=pk))


def render_account_form(request: Request, account: Account) -> HttpResponse:
    """The form of an account; once it is kept, the account's page, where the connection can be tested."""
    name = account.name
    form = AccountForm(request.POST or None, instance=account)
    if form.is_valid():
        kept = form.save()
        messages.success(
            request, _("%(account)s saved. Next: test the connection.") % {"account": kept.name}
        )
        return redirect(f"/accounts/{kept.pk}/")
    status = 422 if form.is_bound else 200
    return render(
        request, "account/form.html", {"form": form, "pk": account.pk, "name": name}, status=status
    )


@require_POST
@permission_required("dashboard.change_account", raise_exception=True)
def account_test(request: Request, pk: int) -> HttpResponse:
    """Asks the cloud for the packs and says in words what came of it; changes nothing."""
    account = get_object_or_404(Account, pk=pk)
    verdict = discovery.test_connection(account)
    words = ngettext(
        "The connection works. The cloud lists %(count)s pack.",
        "The connection works. The cloud lists %(count)s packs.",
        verdict.packs,
    )
    return show_account_message(request, account, words % {"count": verdict.packs}, verdict.error)


@require_POST
@permission_required("dashboard.change_account", raise_exception=True)
def account_refresh(request: Request, pk: int) -> HttpResponse:
    """Fetches the list of packs; those that are gone from the cloud stay, and are marked."""
    account = get_object_or_404(Account, pk=pk)
    try:
        discovery.refresh_packs(account)
    except cloud.CloudError as error:
        return show_account_message(request, account, "", error)
    return show_account_message(request, account, _("The list of packs is up to date."))


def show_account_message(
    request: Request, account: Account, words: str, error: cloud.CloudError | None = None
) -> HttpResponse:
    """The verdict on the account's page: in place, or after a redirect as a message."""
    cause = error_messages.explain_error(error.code, error.facts) if error else None
    request_id = error.request_id if error else ""
    if request.htmx:
        verdict = {"words": words, "cause": cause, "request_id": request_id}
        context = {"account": account, "packs": account.packs.all(), **verdict}
        return render(request, "account/detail.html#packs", context)
    if cause:
        parts = [_("%(title)s.") % {"title": cause.title}, cause.meaning, cause.next_step]
        words = " ".join(
            [*parts, _("Request id: %(id)s") % {"id": request_id}] if request_id else parts
        )
    messages.add_message(request, messages.ERROR if cause else messages.SUCCESS, words)
    return redirect(f"/accounts/{account.pk}/")
