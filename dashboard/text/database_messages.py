"""What a fault of the database means and what to do, in words, by the codes of database/faults.py.

Each names the command that helps: the administrator reads it on the terminal.
"""

from django.utils.translation import gettext_lazy as _

from dashboard.text.cloud_error_texts import MessageTexts

DATABASE_MESSAGES: dict[str, MessageTexts] = {
    "database_empty": (
        _("The database has no tables yet"),
        _("It is new, or it is not the one in which the reports were stored."),
        _(
            "Tell the server administrator to run manage.py migrate at a first start. If there "
            "were reports, check DATABASE_URL and VAR_DIR, or restore a backup: manage.py restore."
        ),
    ),
    "database_not_migrated": (
        _("The database is not prepared for this version"),
        _("It was made by an earlier version of Compliance Ledger. What is stored is intact."),
        _("Tell the server administrator to run manage.py migrate; pages work again afterwards."),
    ),
    "database_newer": (
        _("The database belongs to a newer version"),
        _(
            "A newer version of Compliance Ledger has changed its tables, so this version neither "
            "reads nor writes them. What is stored is intact."
        ),
        _(
            "Tell the server administrator to start the newer version, or to restore the backup "
            "that was written before the upgrade."
        ),
    ),
    "database_foreign": (
        _("The database belongs to another application"),
        _("It holds tables, but none of Compliance Ledger. Nothing was stored in it."),
        _("Tell the server administrator to check DATABASE_URL and VAR_DIR."),
    ),
    "database_damaged": (
        _("The database is damaged"),
        _(
            "Its file is cut off or overwritten, or is no database. The originals in the archive "
            "are not affected."
        ),
        _(
            "Tell the server administrator to stop the site and the workers, to put the damaged "
            "file aside, and to restore the last backup: manage.py migrate, then manage.py restore."
        ),
    ),
    "database_missing": (
        _("There is no such database on the server"),
        _("The server answers, but has no database of the name in DATABASE_URL."),
        _(
            "Tell the server administrator to correct DATABASE_URL, or to create the database and "
            "to run manage.py migrate."
        ),
    ),
    "database_login": (
        _("The database server refuses the sign-in"),
        _("Name or password in DATABASE_URL are wrong, or the server does not let them in."),
        _("Tell the server administrator to correct DATABASE_URL and to start the product again."),
    ),
    "database_rights": (
        _("The database user has too few rights"),
        _("The server answers, but the user in DATABASE_URL may not do what is needed."),
        _(
            "Tell the server administrator to make this user the owner of the database and of its "
            "tables."
        ),
    ),
    "database_away": (
        _("The database does not answer"),
        _("It is locked by other work, is being restarted, or cannot be reached."),
        _("Try again. If that does not help, check DATABASE_URL and the database server."),
    ),
}
