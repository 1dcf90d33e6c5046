"""Pages of the cloud accounts: add, edit, test the connection, refresh the list of packs."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from dashboard import cloud
from dashboard.generation import connection_check, discovery
from dashboard.models import Account, AuditEntry, Pack, PackSummary
from dashboard.queries.pack_choices import (
    PACK_TEXT,
    clean_search_text,
    filter_packs_by_words,
    select_matching_accounts,
    sort_exact_first,
)
from dashboard.queries.paging import paginate
from dashboard.text.audit_lines import list_audit_lines
from dashboard.text.error_messages import ErrorMessage, explain_error
from dashboard.views import Request
from dashboard.views.forms import AccountForm

ROWS_PER_PAGE = 50  # accounts, or packs of an account
LOG_ENTRIES = 100  # the newest changes of an account on its page
accounts_without_secret = Account.objects.defer("secret_encrypted")


@require_GET
@permission_required("dashboard.view_account", raise_exception=True)
def account_list(request: Request) -> HttpResponse:
    text = clean_search_text(request.GET.get("q"))
    packs_on_home = PackSummary.objects.filter(archived=False, account=OuterRef("pk")).order_by()
    pack_counts = packs_on_home.values("account").annotate(count=Count("pk")).values("count")
    accounts = select_matching_accounts(text).annotate(
        packs_on_home=Coalesce(Subquery(pack_counts), 0)
    )
    page = paginate(accounts, request.GET.get("page"), ROWS_PER_PAGE)
    return render(request, "account/list.html", {"page": page, "text": text})


@require_GET
@permission_required("dashboard.view_account", raise_exception=True)
def account_detail(request: Request, pk: int) -> HttpResponse:
    account = get_object_or_404(accounts_without_secret, pk=pk)
    context = {
        "account": account,
        **build_packs_context(request, account),
        "log": list_audit_lines(account.audit.select_related("by")[:LOG_ENTRIES]),
        "log_count": account.audit.count(),
    }
    return render(request, "account/detail.html", context)


def build_packs_context(request: Request, account: Account) -> dict[str, Any]:
    """Return a page of the account's packs; ?q= filters them by words of pack or account."""
    text = clean_search_text(request.GET.get("q"))
    packs = filter_packs_by_words(account.packs.all(), text)
    packs = packs.order_by(sort_exact_first(text, PACK_TEXT), "name", "pack_id")
    return {"text": text, "page": paginate(packs, request.GET.get("page"), ROWS_PER_PAGE)}


@permission_required("dashboard.add_account", raise_exception=True)
def account_add(request: Request) -> HttpResponse:
    return render_account_form(request, Account())


@permission_required("dashboard.change_account", raise_exception=True)
def account_edit(request: Request, pk: int) -> HttpResponse:
    return render_account_form(request, get_object_or_404(Account, pk=pk))


def render_account_form(request: Request, account: Account) -> HttpResponse:
    """Show the form of an account; save a valid form and redirect to the account's page.

    An invalid form is answered with status 422.
    """
    # Validation writes the form's values into the account; the heading shows the stored name.
    stored_name = account.name
    form = AccountForm(request.POST or None, instance=account)
    if form.is_valid():
        account = save_account(request, form)
        text = _("%(account)s saved. Next: test the connection.") % {"account": account.name}
        messages.success(request, text)
        return redirect("account-detail", account.pk)
    status = 422 if form.is_bound else 200
    context = {"form": form, "pk": account.pk, "name": stored_name}
    return render(request, "account/form.html", context, status=status)


@transaction.atomic
def save_account(request: Request, form: AccountForm) -> Account:
    """Save a valid form, and log what it changes; an unchanged form logs nothing."""
    before, after = form.list_changes()
    account = form.save()
    if after:
        AuditEntry.objects.record_account_change(request.user, account, before, after)
    return account


@require_POST
@permission_required("dashboard.change_account", raise_exception=True)
def account_test(request: Request, pk: int) -> HttpResponse:
    """Ask the cloud whose the AccessKey is and for the packs, and show whether that works."""
    account = get_object_or_404(Account, pk=pk)
    result = connection_check.check_connection(account)
    return show_account_message(request, account, describe_connection(result), result.error)


def describe_connection(result: connection_check.ConnectionTest) -> str:
    """Return what a test that worked found: the owner of the AccessKey and the number of packs."""
    values = {"count": result.packs, "account": result.key_owner_uid}
    if not result.key_owner_uid:
        text = ngettext(
            "The connection works: %(count)s pack. The account is not verified yet, because the "
            "identity service (STS) cannot be reached; the account in the cloud's answer decides.",
            "The connection works: %(count)s packs. The account is not verified yet, because the "
            "identity service (STS) cannot be reached; the account in the cloud's answer decides.",
            result.packs,
        )
        return text % values
    text = ngettext(
        "The connection works: the AccessKey belongs to account %(account)s, %(count)s pack.",
        "The connection works: the AccessKey belongs to account %(account)s, %(count)s packs.",
        result.packs,
    )
    return text % values


@require_POST
@permission_required("dashboard.change_account", raise_exception=True)
def account_refresh(request: Request, pk: int) -> HttpResponse:
    """Load the list of packs from the cloud; packs missing from it are kept and marked as gone."""
    account = get_object_or_404(Account, pk=pk)
    try:
        returned_packs = discovery.refresh_packs(account, request.user)
    except cloud.CloudError as error:
        return show_account_message(request, account, "", error)
    text = describe_refresh(returned_packs)
    return show_account_message(request, account, text, archived_packs=returned_packs.archived)


def describe_refresh(returned_packs: discovery.ReturnedPacks) -> str:
    """Return what a refresh did, with the archived packs that are back in the cloud."""
    sentences = [_("The list of packs is up to date.")]
    if names := [pack.name for pack in returned_packs.shown]:
        text = _("Back in the cloud, and shown on home again: %(names)s.")
        sentences.append(text % {"names": _(", ").join(names)})
    if names := [pack.name for pack in returned_packs.archived]:
        text = _("Back in the cloud, but still archived: %(names)s.")
        sentences.append(text % {"names": _(", ").join(names)})
    return " ".join(sentences)


def show_account_message(
    request: Request,
    account: Account,
    text: str,
    error: cloud.CloudError | None = None,
    archived_packs: Sequence[Pack] = (),
) -> HttpResponse:
    """Show the error or, without one, the text on the account's page.

    htmx gets a fragment of the page, with the archived packs to show on home again; a request
    without htmx is redirected to the page.
    """
    message = explain_error(error.code, error.facts) if error else None
    request_id = error.request_id if error else ""
    if request.htmx:
        context = {
            "account": account,
            "is_update": True,
            **build_packs_context(request, account),
            "verdict": text,
            "archived_packs": archived_packs,
            "error": message,
            "request_id": request_id,
        }
        return render(request, "account/detail.html#packs", context)
    if message:
        messages.error(request, join_error_message(message, request_id))
    else:
        messages.success(request, text)
    return redirect("account-detail", account.pk)


def join_error_message(message: ErrorMessage, request_id: str) -> str:
    """Return an error message as one paragraph, with the cloud's request id if there is one."""
    sentences = [_("%(title)s.") % {"title": message.title}, message.meaning, message.next_step]
    if request_id:
        sentences.append(_("Request id: %(id)s") % {"id": request_id})
    return " ".join(sentences)
