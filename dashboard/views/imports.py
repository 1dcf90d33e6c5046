"""The pages of imports: upload files, show the outcome of each file, identify unknown files.

A batch is a group of files that were uploaded together. To identify a file is to enter the
account, pack and time of its report.
"""

from collections.abc import Iterable
from typing import NamedTuple

from django.contrib.auth.decorators import permission_required
from django.core.files.uploadedfile import UploadedFile
from django.db.models import F, Value
from django.db.models.lookups import Exact
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from dashboard.generation.queue import schedule_step
from dashboard.imports import outcomes, uploads
from dashboard.imports.identity import CONTRADICTIONS, Identity
from dashboard.imports.queue import schedule_batch
from dashboard.models import ImportBatch, ImportedFile, Pack, Report
from dashboard.queries.import_counts import BatchCounts, count_files
from dashboard.queries.paging import paginate
from dashboard.queries.poll_times import compute_poll_seconds
from dashboard.text.error_messages import ErrorMessage
from dashboard.text.origins import StatedPart, describe_origin, describe_questions
from dashboard.views import Request
from dashboard.views.forms import IdentityForm

BATCHES_PER_PAGE = 50
FILES_PER_PAGE = 100
State = ImportedFile.State
# The slug of the status whose icon and colour mark a file in this state.
OUTCOME_MARKS = {
    State.ENTERED: "compliant",
    State.THERE: "not-applicable",
    State.REFUSED: "failing",
    State.ASKING: "insufficient-data",
}
# Files that need a decision are listed before the others.
NEEDS_DECISION = Exact(F("state"), Value(State.ASKING.value))
KnownPacks = dict[tuple[str, str], Pack]
may_import = permission_required("dashboard.import_report", raise_exception=True)


@may_import
def import_list(request: Request) -> HttpResponse:
    """Show the batches, newest first, or save uploaded files as a new batch."""
    if request.method == "POST":
        return save_uploads(request)
    batches = ImportBatch.objects.select_related("by")
    page = paginate(batches, request.GET.get("page"), BATCHES_PER_PAGE)
    counts = count_files([batch.pk for batch in page])
    rows = [(batch, counts.get(batch.pk, BatchCounts())) for batch in page]
    return render(request, "imports/list.html", {"page": page, "rows": rows})


def save_uploads(request: Request) -> HttpResponse:
    """Store the uploaded files as a batch, which a worker then imports."""
    files = [file for file in request.FILES.getlist("files") if isinstance(file, UploadedFile)]
    if not files:
        return redirect("import-list")
    creates_packs = "creates_packs" in request.POST
    batch = ImportBatch.objects.create(by=request.user, creates_packs=creates_packs)
    uploads.store_uploads(batch, files)
    schedule_batch(batch.pk)
    return redirect("import-detail", batch.pk)


@may_import
@require_safe
def import_detail(request: Request, pk: int) -> HttpResponse:
    return render_batch(request, pk)


@may_import
@require_POST
def import_identify(request: Request, pk: int) -> HttpResponse:
    """Save the account, pack and time that a user entered for a file, and read its report."""
    files = ImportedFile.objects.select_related("batch", "original")
    file = get_object_or_404(files, pk=pk, state=State.ASKING)
    form = IdentityForm(
        request.POST,
        prefix=identity_form_prefix(file),
        stated_account=get_stated_value(file, "account"),
        stated_pack=get_stated_value(file, "pack"),
    )
    if not form.is_valid():
        return render_batch(request, file.batch_id, form, status=422)
    outcomes.decide_by_person(file, build_decided_identity(file, form))
    if file.report:
        schedule_step(file.report.pk)
    schedule_batch(file.batch_id)
    return redirect("import-detail", file.batch_id)


@may_import
@require_safe
def import_pack_choice(request: Request, pk: int) -> HttpResponse:
    """List the packs that match what is typed into the search field of a file's form."""
    file = get_object_or_404(ImportedFile, pk=pk, state=State.ASKING)
    form = IdentityForm(request.GET, prefix=identity_form_prefix(file))
    return render(request, "imports/pack_choice.html", {"form": form})


def get_stated_value(file: ImportedFile, name: str) -> str:
    """Return the account or pack that the content of a file states; empty if it states none."""
    origin = file.origin or {}
    return str(origin.get(name, {}).get("stated", {}).get("content", ""))


def build_decided_identity(file: ImportedFile, form: IdentityForm) -> Identity:
    """Return what the form says; its time has no seconds, so the file's own one stays if equal."""
    values = form.cleaned_data
    created_at = values["created_at"]
    if file.created_at and file.created_at.replace(second=0, microsecond=0) == created_at:
        created_at = file.created_at
    return Identity(values["account_uid"], values["pack_id"], created_at, file.pack_name)


def render_batch(
    request: Request, pk: int, invalid_form: IdentityForm | None = None, status: int = 200
) -> HttpResponse:
    """Render a batch; `invalid_form` shows its errors at the file for which it was posted."""
    batch = get_object_or_404(ImportBatch.objects.select_related("by"), pk=pk)
    files = batch.files.select_related("report__pack").order_by(NEEDS_DECISION.desc(), "pk")
    # A form that was posted comes from the page that its hidden field names.
    number = request.POST.get("page") or request.GET.get("page")
    page = paginate(files, number, FILES_PER_PAGE)
    known_packs = find_known_packs(file for file in page if file.state == State.ASKING)
    context = {
        "batch": batch,
        "counts": count_files([pk]).get(pk, BatchCounts()),
        "page": page,
        "poll_seconds": compute_poll_seconds(
            [batch.at, *(file.report.requested_at for file in page if file.report)]
        ),
        "rows": [build_file_row(file, known_packs, invalid_form) for file in page],
    }
    template = "imports/detail.html#outcomes" if request.htmx else "imports/detail.html"
    return render(request, template, context, status=status)


class FileRow(NamedTuple):
    """An imported file with its outcome, and a form if a user must identify the file.

    `mark` is the slug of the status whose icon and colour the row has.
    """

    file: ImportedFile
    mark: str
    outcome: str
    error: ErrorMessage | None
    form: IdentityForm | None
    questions: list[str]
    contradictions: list[StatedPart]


def build_file_row(
    file: ImportedFile, known_packs: KnownPacks, invalid_form: IdentityForm | None = None
) -> FileRow:
    report, form = file.report, None
    if file.under_way:
        mark, outcome = "under-way", (report or file).get_state_display()
    elif report and report.state == Report.State.WITHDRAWN:
        mark, outcome = "not-applicable", report.get_state_display()
    elif report and report.state != Report.State.READY:
        mark, outcome = "failing", report.get_state_display()
    else:
        mark, outcome = OUTCOME_MARKS[State(file.state)], file.get_state_display()
    if file.state == State.ASKING:
        form = build_identity_form(file, known_packs)
        if invalid_form and invalid_form.prefix == form.prefix:
            form = invalid_form
    questions = describe_questions(file) if form else []
    contradictions = [
        part for part in describe_origin(file.origin) if form and part.is_contradicted
    ]
    error = outcomes.explain_file_error(file)
    return FileRow(file, mark, outcome, error, form, questions, contradictions)


def build_identity_form(file: ImportedFile, known_packs: KnownPacks) -> IdentityForm:
    """Return a form for a file, filled with the values that are already known.

    If the file contradicts itself, no known pack is preselected: the user has to choose.
    """
    is_contradicted = bool(CONTRADICTIONS & set(file.questions))
    initial_values = {
        "known_pack": None
        if is_contradicted
        else known_packs.get((file.account_uid, file.pack_id)),
        "account_uid": file.account_uid,
        "pack_id": file.pack_id,
        "created_at": file.created_at,
    }
    return IdentityForm(initial=initial_values, prefix=identity_form_prefix(file))


def find_known_packs(files: Iterable[ImportedFile]) -> KnownPacks:
    """Return the packs to which the files seem to belong, by account ID and pack ID."""
    pack_ids = {file.pack_id for file in files}
    packs = Pack.objects.filter(pack_id__in=pack_ids).select_related("account")
    packs = packs.defer("account__secret_encrypted")
    return {(pack.account.uid, pack.pack_id): pack for pack in packs}


def identity_form_prefix(file: ImportedFile) -> str:
    """Return the form prefix of a file; a page may have forms for several files."""
    return f"file-{file.pk}"
