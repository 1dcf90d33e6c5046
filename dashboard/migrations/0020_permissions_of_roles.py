"""Give the users of a role the permissions that the role has had since.

`manage.py people` gave an administrator no permission to open the pages of accounts, and operators
none to archive packs.
"""

from django.db import migrations

# A user who has all of the first permissions gets the second one.
ADDED_PERMISSIONS = (
    (("generate_report", "import_report", "change_report"), "change_pack"),
    (("add_account", "change_account"), "view_account"),
)


def add_permissions(apps, schema_editor):
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="dashboard"
    )
    users = apps.get_model("auth", "User").objects
    for codenames, added_codename in ADDED_PERMISSIONS:
        added = permissions.filter(codename=added_codename).first()
        if added is None:  # a new database: it has no users either
            continue
        members = users.all()
        for codename in codenames:
            members = members.filter(user_permissions__in=permissions.filter(codename=codename))
        for user in members.distinct():
            user.user_permissions.add(added)


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0016_rates_of_overviews"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(add_permissions, migrations.RunPython.noop, elidable=True)]
