"""The error messages for a database of feedback that cannot be used."""

from __future__ import annotations

import errno
import gc
import socket
import ssl
import struct
import threading
from contextlib import contextmanager

import pytest

from samo.feedback.problems import FULL, NO_ANSWER, reason
from samo.feedback.writer import DATABASE_ERRORS
from tests.integration.feedback import engine_of


@contextmanager
def server(answer):
    """A port of a server that sends these bytes to each client and resets the connection."""

    def serve(listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.recv(8)  # the client asks for TLS
            connection.sendall(answer)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


# pg8000 leaves its socket to the garbage collector if TLS fails
@pytest.mark.filterwarnings("ignore:.*[sS]ocket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("answer", [b"", b"S", b"N"], ids=["at once", "in TLS", "after TLS"])
def test_a_server_that_resets_connections_does_not_answer(answer):
    with server(answer) as port, engine_of(f"postgresql://samo@127.0.0.1:{port}/samo") as engine:
        with pytest.raises(DATABASE_ERRORS) as raised:
            engine.connect()
        assert reason(raised.value) == NO_ANSWER
        del raised
        gc.collect()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConnectionResetError(errno.ECONNRESET, "x"), NO_ANSWER),
        (socket.gaierror(socket.EAI_NONAME, "x"), NO_ANSWER),
        (ssl.SSLError(1, "x"), NO_ANSWER),
        (TimeoutError(), NO_ANSWER),
        (ssl.SSLCertVerificationError(1, "x"), "The certificate of the database of feedback"),
        (OSError(errno.ENOSPC, "x"), FULL),
        (FileNotFoundError(errno.ENOENT, "x", "feedback.db"), "The file of feedback"),
        (PermissionError(errno.EACCES, "x", "feedback.db"), "The file of feedback"),
    ],
)
def test_errors_of_the_system(error, message):
    assert reason(error).startswith(message)
