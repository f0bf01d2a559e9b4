"""What `samo retrain` does; its options are in `samo.commands.retrain`."""

from __future__ import annotations

import argparse
import time
from typing import Final

from rich.console import Console

from exporting.errors import ExportError
from runners.errors import StartError
from samo.model_store import PromotionRefused
from training.command_line import print_json
from training.retraining.errors import RetrainingRefused
from training.retraining.retrain import Request, Retraining

DONE: Final = 0
GATE_REFUSED: Final = 1
TEXTS_REFUSED: Final = 3
STORE_REFUSED: Final = 4
NOTHING_NEW: Final = 6
_STATUSES: Final = {"store": STORE_REFUSED, "nothing_new": NOTHING_NEW}


def run(args: argparse.Namespace) -> int:
    """Retrain; return the exit status. The last line of stdout is JSON."""
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    start = time.perf_counter()
    request = Request(
        tuple(args.files),
        args.data,
        args.labelled,
        drop_leaks=args.drop_leaks,
        min_texts=args.min_texts,
        promote=not args.no_promote,
        threads=args.threads,
    )
    try:
        result = Retraining(request, console.print).run()
    except RetrainingRefused as error:
        console.print(f"Refused. {error}", style="red")
        return _STATUSES.get(error.reason, TEXTS_REFUSED)
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        console.print(f"Stopped. {error.strerror or error}{place}: nothing changed.", style="red")
        return STORE_REFUSED
    except (StartError, ExportError) as error:
        console.print(f"Refused. {error}", style="red")
        return STORE_REFUSED
    except PromotionRefused as error:
        console.print(f"Not promoted. {error}", style="red")
        return STORE_REFUSED
    for reason in result["reasons"]:
        console.print(f"Not promoted. {reason}", style="red")
    print_json({**result, "seconds": round(time.perf_counter() - start, 1)})
    return DONE if result["accepted"] else GATE_REFUSED
