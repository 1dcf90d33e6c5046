"""Store the sheet and the number of rows of each remark beside its facts, not among them."""

from django.db import migrations


def separate_places(apps, schema_editor):
    reports = apps.get_model("dashboard", "Report").objects.exclude(remarks=[])
    for report in reports.only("remarks").iterator(chunk_size=500):
        report.remarks = [separate_place(remark) for remark in report.remarks]
        report.save(update_fields=["remarks"])


def separate_place(remark):
    facts = dict(remark["facts"])
    if remark["code"] == "count_mismatch":  # its facts are other numbers
        return {"code": remark["code"], "sheet": None, "rows": "", "count": 0, "facts": facts}
    sheet, count = facts.pop("sheet", None), facts.pop("rows", 0)
    if remark["code"] == "sheet_full":
        facts["limit"], count = count, 0
    return {"code": remark["code"], "sheet": sheet, "rows": "", "count": count, "facts": facts}


def join_places(apps, schema_editor):
    reports = apps.get_model("dashboard", "Report").objects.exclude(remarks=[])
    for report in reports.only("remarks").iterator(chunk_size=500):
        report.remarks = [join_place(remark) for remark in report.remarks]
        report.save(update_fields=["remarks"])


def join_place(remark):
    facts = dict(remark["facts"])
    if remark["code"] != "count_mismatch":
        facts["rows"] = facts.pop("limit", remark["count"])
        if remark["sheet"] is not None:
            facts["sheet"] = remark["sheet"]
    return {"code": remark["code"], "facts": facts}


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0009_cancelled_by")]
    operations = [
        migrations.RenameField("report", "notes", "remarks"),
        migrations.RunPython(separate_places, join_places),
    ]
