"""The command `samo keys`: create, list and revoke API keys in a file."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from samo.access.keys import SCOPES, ApiKey, InvalidKeyFileError, KeyFile, Scope, new_key

_EPILOG: Final = """
examples:
  samo keys new --name phone --scopes text,speech --file keys.json
  samo keys list --file keys.json
  samo keys revoke --name phone --file keys.json
  SAMO_API_KEYS_FILE=keys.json samo serve

The file holds hashes, from which no key can be computed. A running service reads its changes.
"""


class _CommandError(Exception):
    """The command cannot be carried out; the message is printed."""


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    args = build_parser().parse_args(arguments)
    try:
        return int(args.run(args))
    except _CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = argparse.ArgumentParser(
        prog="samo keys",
        description="Create, list and revoke API keys.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    file = argparse.ArgumentParser(add_help=False)
    file.add_argument("--file", type=Path, required=True, help="file of the keys, JSON")
    name = argparse.ArgumentParser(add_help=False)
    name.add_argument("--name", required=True, help="name of the key: letters, digits, . _ -")

    new = actions.add_parser("new", parents=[name, file], help="create a key and print it, once")
    new.add_argument(
        "--scopes",
        type=_scopes,
        required=True,
        help=f"what the key permits, separated by commas: {', '.join(SCOPES)}",
    )
    new.add_argument(
        "--expires",
        type=_time,
        metavar="DATE",
        help="end of the key, such as 2027-01-31 (at 0:00 UTC) or 2027-01-31T12:00+01:00",
    )
    new.add_argument(
        "--rate-limit", metavar="LIMIT", help="instead of SAMO_RATE_LIMIT, such as 60/minute"
    )
    new.add_argument(
        "--compute-limit",
        metavar="LIMIT",
        help="instead of SAMO_COMPUTE_LIMIT: seconds of computing, such as 30/minute",
    )
    new.set_defaults(run=_new)
    listing = actions.add_parser("list", parents=[file], help="list the keys of a file")
    listing.set_defaults(run=_list)
    revoke = actions.add_parser("revoke", parents=[name, file], help="remove a key from a file")
    revoke.set_defaults(run=_revoke)
    return parser


def _scopes(text: str) -> tuple[Scope, ...]:
    names = dict.fromkeys(part.strip() for part in text.split(",") if part.strip())
    unknown = [name for name in names if name not in SCOPES]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"the scopes are {', '.join(SCOPES)}")
    return tuple(scope for scope in SCOPES if scope in names)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("the date must look like 2027-01-31") from None
    if time.tzinfo is None:
        if len(text) > len("2027-01-31"):
            raise argparse.ArgumentTypeError("a time of day needs an offset, such as Z or +01:00")
        time = time.replace(tzinfo=UTC)
    if time <= datetime.now(UTC):
        raise argparse.ArgumentTypeError("the date has passed")
    return time


@contextlib.contextmanager
def _only_writer(file: Path) -> Iterator[None]:
    """Wait until no other `samo keys` changes a file of this folder, so that no change is lost."""
    try:
        folder = os.open(file.parent, os.O_RDONLY)
    except OSError as error:
        raise _CommandError(f"{file} cannot be written: {error.strerror}.") from None
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _new(args: argparse.Namespace) -> int:
    try:
        key, entry = new_key(
            args.name,
            args.scopes,
            expires=args.expires,
            rate_limit=args.rate_limit,
            compute_limit=args.compute_limit,
        )
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        field = str(problem["loc"][0]).replace("_", "-")
        message = problem["msg"].removeprefix("Value error, ")
        raise _CommandError(f"--{field} cannot be used: {message}.") from None
    with _only_writer(args.file):
        stored = _read(args.file) if args.file.exists() else KeyFile()
        if any(other.name == entry.name for other in stored.keys):
            raise _CommandError(f"{args.file} has a key named {entry.name}: choose another name.")
        _write(args.file, KeyFile(keys=(*stored.keys, entry)))
    sys.stderr.write("The key is shown only now: store it where its user finds it.\n")
    sys.stdout.write(f"{key}\n")
    return 0


def _list(args: argparse.Namespace) -> int:
    for key in _read(args.file).keys:
        sys.stdout.write("  ".join(_columns(key)) + "\n")
    return 0


def _columns(key: ApiKey) -> list[str]:
    columns = [key.name, ",".join(key.scopes), f"created {key.created:%Y-%m-%d}"]
    if key.expires is not None:
        columns.append(f"{'expired' if key.expired else 'expires'} {key.expires:%Y-%m-%dT%H:%M%z}")
    if key.rate_limit is not None:
        columns.append(f"requests {key.rate_limit}")
    if key.compute_limit is not None:
        columns.append(f"computing {key.compute_limit}")
    return columns


def _revoke(args: argparse.Namespace) -> int:
    with _only_writer(args.file):
        stored = _read(args.file)
        remaining = tuple(key for key in stored.keys if key.name != args.name)
        if len(remaining) == len(stored.keys):
            raise _CommandError(
                f"{args.file} has no key of this name: `samo keys list` lists them."
            )
        _write(args.file, KeyFile(keys=remaining))
    sys.stderr.write("Revoked. A running service refuses the key within a second.\n")
    return 0


def _read(file: Path) -> KeyFile:
    try:
        return KeyFile.parse(file.read_bytes())
    except OSError as error:
        raise _CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except InvalidKeyFileError as error:
        raise _CommandError(f"{file} is not a file of API keys: {error}.") from None


def _write(file: Path, content: KeyFile) -> None:
    """Replace the file in one step, so that a running service never reads half of it."""
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
    try:
        descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as output:
                output.write(content.to_json())
            Path(temporary).chmod(mode)
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _CommandError(f"{file} cannot be written: {error.strerror}.") from None
