"""`samo serve` with fake models and errors on every path by which text could reach a log."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
import warnings

from runners.text.sentences import split_sentences as split
from samo import serve
from samo.insight import summary


class Library:
    """An object whose finalizer fails."""

    def __init__(self, text):
        self.text = text

    def __del__(self):
        raise ValueError(self.text)


def fail(text):
    raise RuntimeError(text)


async def fail_later(text):
    fail(text)


def faulty_split(entry):
    if "Zqxboom" not in entry:
        return split(entry)
    library = logging.getLogger("some.library")
    library.error("cannot parse %s", entry)
    library.error("cannot parse %(text)s", {"text": entry})
    library.warning("in two lines\n" + entry)
    library.error(ValueError(entry))
    try:
        fail(entry)
    except RuntimeError as error:
        library.exception("failed: %s", error)
        logging.getLogger("bentoml.samo.some").error("ours: %s", error, exc_info=True)
    warnings.warn(entry, RuntimeWarning, stacklevel=1)
    thread = threading.Thread(target=fail, args=[entry])
    thread.start()
    thread.join()
    loop = asyncio.get_running_loop()
    loop.create_task(fail_later(entry))  # noqa: RUF006  # its exception is never retrieved
    loop.call_soon(fail, entry)
    Library(entry)
    gc.collect()
    raise RuntimeError(entry)


setattr(summary, "split_sentences", faulty_split)  # noqa: B010  # mypy: not exported
serve.main(sys.argv[1:])
