"""The keys in force, read again when their file changes."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from runners.errors import StartError
from samo.access import keys
from samo.access.keys import ApiKey, InvalidKeyFileError, KeyFile
from samo.settings import AccessSettings

_log = logging.getLogger("bentoml.samo.keys")  # below BentoML's logger, which has a handler

# The file is looked at once in this time.
RELOAD_SECONDS: Final = 1.0

_Stamp = tuple[int, int, int]


class KeyRing:
    """The keys in force.

    Args:
        stored: The keys.
        file: Where they were read from, to read them again when it changes. Kubernetes replaces
            mounted secrets by a link, so inode, size and time are compared.
    """

    def __init__(self, stored: Sequence[ApiKey], file: Path | None = None) -> None:
        self._keys = tuple(stored)
        self._file = file
        self._stamp = None if file is None else _stamp(file)
        self._next_look = time.monotonic() + RELOAD_SECONDS

    @classmethod
    def from_file(cls, file: Path) -> KeyRing:
        """Read `file`.

        Raises:
            StartError: It cannot be read, or is not a file of keys.
        """
        try:
            return cls(KeyFile.parse(file.read_bytes()).keys, file)
        except OSError as error:
            reason = error.strerror or type(error).__name__
        except InvalidKeyFileError as error:
            reason = str(error)
        raise StartError(
            f"SAMO_API_KEYS_FILE cannot be used: {reason}. `samo keys new` writes such a file."
        )

    @classmethod
    def from_settings(cls, settings: AccessSettings) -> KeyRing | None:
        """The keys of the settings; None if everybody may call.

        Raises:
            StartError: The settings contradict each other, or the keys cannot be read.
        """
        configured = settings.api_keys_file is not None or settings.api_keys is not None
        if configured and settings.allow_anonymous:
            raise StartError(
                "SAMO_ALLOW_ANONYMOUS=true contradicts the API keys: unset one of the two."
            )
        if settings.api_keys_file is not None:
            if settings.api_keys is not None:
                raise StartError("Set SAMO_API_KEYS_FILE or SAMO_API_KEYS, not both.")
            return cls.from_file(settings.api_keys_file)
        if settings.api_keys is not None:
            try:
                return cls(KeyFile.parse(settings.api_keys.get_secret_value()).keys)
            except InvalidKeyFileError as error:
                raise StartError(
                    f"SAMO_API_KEYS cannot be used: {error}. Its value is the content of a file "
                    "that `samo keys new` writes."
                ) from None
        if settings.allow_anonymous is False:
            raise StartError(
                "There are no API keys, and SAMO_ALLOW_ANONYMOUS is false: create a key with `samo "
                "keys new` and set SAMO_API_KEYS_FILE, or set SAMO_ALLOW_ANONYMOUS=true if "
                "something in front of the service decides who may call."
            )
        if settings.allow_anonymous is None:
            _log.warning(
                "No API keys: everybody who reaches the port may call. SAMO_API_KEYS_FILE switches "
                "keys on."
            )
        return None

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """The keys in force."""
        self._reload()
        return self._keys

    def find(self, presented: str) -> ApiKey | None:
        """The key that was presented, also if it has expired."""
        return keys.find(self.keys, presented)

    def _reload(self) -> None:
        """Read the file again if it changed; if it is invalid, the previous keys stay in force."""
        now = time.monotonic()
        if self._file is None or now < self._next_look:
            return
        self._next_look = now + RELOAD_SECONDS
        stamp = _stamp(self._file)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = KeyFile.parse(self._file.read_bytes()).keys
        except (OSError, InvalidKeyFileError):
            _log.error(
                "The file of API keys cannot be read any more: the keys read before stay in force."
            )
            return
        _log.info("API keys read again: %d", len(self._keys))


def _stamp(file: Path) -> _Stamp | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
