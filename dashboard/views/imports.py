"""Importing: many files at once, each with its own verdict; what a file does not say of itself is asked for."""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from dashboard import tasks
from dashboard.imports import identity, outcomes, uploads
from dashboard.models import ImportBatch, ImportedFile, Report
from dashboard.text import error_messages
from dashboard.views import Request
from dashboard.views.forms import PlaceForm

LISTED = 50  # batches
SHOWN = 1_000  # files of a batch
State = ImportedFile.State
MARKS = {
    State.ENTERED: "compliant",
    State.THERE: "not-applicable",
    State.REFUSED: "failing",
    State.ASKING: "insufficient-data",
}
may_import = permission_required("dashboard.import_report", raise_exception=True)


@may_import
def import_list(request: Request) -> HttpResponse:
    """What was brought in so far, and where more can be."""
    if request.method == "POST":
        return save_uploads(request)
    found = ImportBatch.objects.select_related("by").prefetch_related("files__report")[:LISTED]
    return render(
        request,
        "imports/list.html",
        {
            "batches": [
                (import_detail, count_outcomes(import_detail.files.all()))
                for import_detail in found
            ]
        },
    )


def save_uploads(request: Request) -> HttpResponse:
    """Takes the files' bytes into the archive; a worker does the rest."""
    uploaded = [file for file in request.FILES.getlist("files") if isinstance(file, UploadedFile)]
    if not uploaded:
        return redirect("/imports/")
    batch = ImportBatch.objects.create(by=request.user)
    for upload in uploaded:
        if upload.file:
            for file in uploads.receive_upload(
                batch, upload.name or "", upload.file, upload.size or 0
            ):
                outcomes.create_file_rows([file])
    tasks.schedule_batch(batch.pk)
    return redirect(f"/imports/{batch.pk}/")


def count_outcomes(files: Any) -> dict[str, int]:
    """How many files there are, how many became reports, how many wait, how many failed or are asked about."""
    found = {"files": 0, "ready": 0, "waiting": 0, "bad": 0}
    for file in files:
        ready = bool(file.report and file.report.state == Report.State.READY)
        found["files"] += 1
        found["ready"] += ready
        found["waiting"] += file.under_way
        found["bad"] += not ready and not file.under_way
    return found


@may_import
@require_safe
def import_detail(request: Request, pk: int) -> HttpResponse:
    found = get_object_or_404(ImportBatch.objects.select_related("by"), pk=pk)
    context = {"batch": found, **list_outcomes(found)}
    return render(
        request, "imports/detail.html#verdicts" if request.htmx else "imports/detail.html", context
    )


def list_outcomes(
    batch: ImportBatch, refused: PlaceForm | None = None, refused_pk: int = 0
) -> dict[str, Any]:
    """Each file with its verdict in words; those that are asked about bring a form."""
    files = list(batch.files.select_related("report", "report__pack")[:SHOWN])
    shown = [
        {
            "file": file,
            **describe_outcome(file),
            "form": (refused if file.pk == refused_pk and refused else identity_form(file))
            if file.state == State.ASKING
            else None,
        }
        for file in files
    ]
    return {"shown": shown, "counts": count_outcomes(files), "pause": 2 if len(files) < 100 else 5}


def describe_outcome(file: ImportedFile) -> dict[str, Any]:
    """The mark, the words and the cause of what became of a file."""
    report = file.report
    if file.under_way:
        words = report.get_state_display() if report else file.get_state_display()
        return {"mark": "under-way", "words": words, "cause": None}
    if report and report.state != Report.State.READY:
        cause = (
            error_messages.explain_error(report.error_code, report.error_facts)
            if report.error_code
            else None
        )
        return {"mark": "failing", "words": report.get_state_display(), "cause": cause}
    cause = (
        error_messages.explain_error(file.error_code, file.error_facts) if file.error_code else None
    )
    return {"mark": MARKS[State(file.state)], "words": file.get_state_display(), "cause": cause}


def identity_form(file: ImportedFile) -> PlaceForm:
    known = {
        "account_uid": file.account_uid,
        "pack_id": file.pack_id,
        "created_at": file.created_at,
    }
    return PlaceForm(initial=known, prefix=f"file-{file.pk}")


@may_import
@require_POST
def import_identify(request: Request, pk: int) -> HttpResponse:
    """Says where a file belongs, and has it read."""
    file = get_object_or_404(
        ImportedFile.objects.select_related("batch", "original"), pk=pk, state=State.ASKING
    )
    form = PlaceForm(request.POST, prefix=f"file-{pk}")
    if not form.is_valid():
        context = {"batch": file.batch, **list_outcomes(file.batch, form, pk)}
        return render(request, "imports/detail.html", context, status=422)
    outcomes.create_reports([(file, identity.Identity(**form.cleaned_data))])
    if file.report:
        tasks.schedule_step(file.report.pk)
    return redirect(f"/imports/{file.batch_id}/")
