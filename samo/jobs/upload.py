"""The recording of a job: in memory if it is small, otherwise in a file that has no name."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from runners.errors import StartError


def check_folder(folder: Path) -> None:
    """Raise `StartError` if recordings cannot be written to this folder.

    A full disk is accepted: it may have room again when a recording arrives.
    """
    try:
        new_file(folder).close()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return
        raise StartError(
            f"SAMO_JOBS_FOLDER cannot be used: {error.strerror}. Name a folder that the service "
            "may write, or unset it."
        ) from None


def new_file(folder: Path) -> BinaryIO:
    """A file that nobody else can open: it has no name, and ends with the process."""
    return tempfile.TemporaryFile(dir=folder)


def file_of_upload(upload: BinaryIO, folder: Path) -> BinaryIO:
    """The upload as a file of its own, which stays open when the request closes the upload.

    An upload in memory stays in memory if the system has such files.
    """
    if getattr(upload, "_rolled", True):
        return os.fdopen(os.dup(upload.fileno()), "rb")
    upload.seek(0)
    if hasattr(os, "memfd_create"):
        file: BinaryIO = os.fdopen(os.memfd_create("recording", os.MFD_CLOEXEC), "w+b")
    else:
        file = new_file(folder)
    file.write(upload.read())
    file.flush()
    return file
