"""Keep user text out of the logs.

The message of an exception may contain the text that it failed on, and every library logs
exceptions. So an exception is logged as one line with its type and its locations in the code. In
warnings and errors of other libraries, arguments of the message other than numbers are redacted.
`install` does this for all loggers, warnings, asyncio and uncaught exceptions.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from runners.errors import StartError
from samo.monitoring.log_format import write_line

# Innermost locations that are logged.
_MAX_FRAMES: Final = 6
# The loggers of the project, whose messages contain no user text.
_OWN_LOGGER_PREFIX: Final = "bentoml.samo"

_log = logging.getLogger("bentoml.samo.errors")
_make_record = logging.getLogRecordFactory()


def describe(error: BaseException) -> str:
    """The type of an exception and where it was raised, without its message.

    The message of a `StartError` is for those who start the service: it is returned instead.
    """
    if isinstance(error, StartError):
        return str(error)
    return f"{type(error).__name__} at {_locations(error.__traceback__)}"


def _locations(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-_MAX_FRAMES:]
    locations = [
        f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} in {frame.name}"
        for frame in reversed(frames)
    ]
    return ", called from ".join(locations) or "an unknown location"


def install() -> None:
    """Redact all logs of this process, and of the running event loop if there is one.

    It may be called more than once. Hooks that are not Python's defaults are left in place.
    """
    logging.setLogRecordFactory(_private_record)
    warnings.showwarning = _show_warning  # type: ignore[assignment]  # takes no keywords
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _log_uncaught
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = lambda unraisable: _log_error("Ignored", unraisable.exc_value)
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = lambda failed: _log_error("A thread failed", failed.exc_value)
    with contextlib.suppress(RuntimeError):  # no event loop is running
        asyncio.get_running_loop().set_exception_handler(_log_loop_error)


def _private_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _make_record(*args, **kwargs)
    foreign = not str(record.name).startswith(_OWN_LOGGER_PREFIX)
    if isinstance(record.msg, BaseException):
        record.msg = describe(record.msg)
    if foreign and record.levelno and record.levelno >= logging.WARNING:
        record.msg = str(record.msg).strip().partition("\n")[0]
        redact = _redact
    else:
        redact = _redact_exception
    if isinstance(record.args, tuple):
        record.args = tuple(map(redact, record.args))
    elif isinstance(record.args, Mapping):
        record.args = {name: redact(value) for name, value in record.args.items()}
    if record.exc_info and record.exc_info[1] is not None:
        record.msg = f"{record.getMessage()}: {describe(record.exc_info[1])}"
        record.args = None
    record.exc_info = record.stack_info = None
    return record


def _redact_exception(value: Any) -> Any:
    return describe(value) if isinstance(value, BaseException) else value


def _redact(value: Any) -> Any:
    """A number, the location of an exception, or only the type: other values may be user text."""
    if isinstance(value, BaseException):
        return describe(value)
    return value if isinstance(value, int | float) else f"<{type(value).__name__}>"


def _log_error(what: str, error: BaseException | None) -> None:
    _log.error("%s: %s", what, "unknown" if error is None else describe(error))


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    write_line(logging.CRITICAL, f"{kind.__name__} at {_locations(trace)}")


def _log_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log only the error: asyncio's message contains the failed call with its arguments."""
    _log_error("A task or callback failed", context.get("exception"))


def _show_warning(
    _message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    _file: Any = None,
    _line: Any = None,
) -> None:
    _log.warning("%s at %s:%d", category.__name__, "/".join(Path(filename).parts[-2:]), lineno)
