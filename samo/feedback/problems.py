"""What is wrong with the database, in words for its operator.

The messages of drivers are not repeated: they contain addresses, and may contain user text.
"""

from __future__ import annotations

import errno
import sqlite3
import ssl
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from samo.private_logs import describe

NO_ANSWER: Final = "The database of feedback does not answer."
FULL: Final = "The disk of the database of feedback is full."
_READ_ONLY: Final = "The database of feedback may not be written by the service."
BUSY: Final = "The database of feedback is busy."
_CERTIFICATE: Final = (
    "The certificate of the database of feedback is not trusted, or is of another host."
)

_SQLITE: Final = {
    "SQLITE_FULL": FULL,
    "SQLITEBUSY": BUSY,
    "SQLITE_LOCKED": BUSY,
    "SQLITE_CANTOPEN": "The file of feedback, or its folder, does not exist or may not be opened.",
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_IOERR": "The disk of the database of feedback fails, or is full.",
    "SQLITE_CORRUPT": "The file of feedback is damaged.",
    "SQLITE_NOTADB": "The file of feedback is not a SQLite database.",
}
# by SQLSTATE, or its first two characters, its class
_POSTGRESQL: Final = {
    "53100": FULL,
    "53": "The database of feedback has no room for more connections or memory.",
    "28": "The database of feedback refuses the user or the password of SAMO_FEEDBACK_URL.",
    "3D": "The database that SAMO_FEEDBACK_URL names does not exist.",
    "42501": "The user of SAMO_FEEDBACK_URL may not read and write the tables of feedback.",
    "25006": _READ_ONLY,
    "57014": BUSY,
    "57": NO_ANSWER,
    "08": NO_ANSWER,
}
_RETRIED: Final = frozenset(("40001", "40P01"))  # serialization failure, deadlock


class UnusableDatabaseError(Exception):
    """The tables are not those of this version; the message says what to do."""


def reason(error: BaseException) -> str:
    """A sentence that says what is wrong."""
    if isinstance(error, UnusableDatabaseError):
        return str(error)
    if isinstance(error, PoolTimeout):
        return BUSY
    if isinstance(error, TimeoutError):
        return NO_ANSWER
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return FULL
        # pg8000 leaves some errors of the network as they are; those of files have a name
        return NO_ANSWER if error.filename is None else _SQLITE["SQLITE_CANTOPEN"]
    if isinstance(error, DBAPIError):
        state = sqlstate(error)
        if state is not None:
            known = _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])
            return known or f"The database of feedback refuses a statement (SQLSTATE {state})."
        if isinstance(error.orig, sqlite3.Error):
            return reason(error.orig)
        if error.connection_invalidated or type(error.orig).__name__ == "InterfaceError":
            return NO_ANSWER
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        for start, message in _SQLITE.items():
            if name.startswith(start):
                return message
    return f"The database of feedback cannot be used ({describe(error)})."


def sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's five characters for the error; None from SQLite or without an answer."""
    details = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return details.get("C") if isinstance(details, dict) else None


def is_conflict(error: SQLAlchemyError) -> bool:
    """Whether the transaction may succeed if it is repeated at once."""
    return isinstance(error, DBAPIError) and sqlstate(error) in _RETRIED
