"""Sessions in the database, and in the cookie alone while the storage is full.

So a user can sign in and read while nothing can be written. A session in a cookie is signed, holds
for an hour, and moves into the database as soon as it is saved again and there is room. As any
other, it ends when the user's password is changed.
"""

from typing import Any

from django.contrib.sessions.backends import db
from django.core import signing
from django.db import OperationalError

from dashboard.archive.disk import is_storage_full

PREFIX = "signed:"
SALT = "dashboard.views.sessions"
SIGNED_SECONDS = 3600


class SessionStore(db.SessionStore):
    """The session engine of the settings. The key of a signed session is its content."""

    def load(self) -> dict[str, Any]:
        if not is_signed(self.session_key):
            return super().load()
        text = str(self.session_key).removeprefix(PREFIX)
        try:
            return dict(signing.loads(text, salt=SALT, max_age=SIGNED_SECONDS))
        except signing.BadSignature:
            self._session_key = None
            return {}

    def save(self, must_create: bool = False) -> None:
        session = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        was_signed = is_signed(self.session_key)
        if was_signed:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
        try:
            super().save(must_create=must_create or was_signed)
        except OperationalError as error:
            if not is_storage_full(error):
                raise
            self._session_key = PREFIX + signing.dumps(dict(session), salt=SALT, compress=True)

    def delete(self, session_key: str | None = None) -> None:
        if not is_signed(session_key or self.session_key):
            super().delete(session_key)


def is_signed(session_key: str | None) -> bool:
    return bool(session_key) and str(session_key).startswith(PREFIX)
