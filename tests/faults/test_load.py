"""Bursts, clients that leave, and SIGTERM with requests in flight, on a real server."""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.conftest import RECORDING
from tests.faults.conftest import ENTRY, eventually, faulty_server

FORM_HEAD = b'--b\r\nContent-Disposition: form-data; name="audio_file"; filename="x"\r\n\r\n'


def send(client, text="joy"):
    """A response, or the error of the connection."""
    try:
        return client.post("/predict", json={"text": text})
    except httpx.TransportError as error:
        return error


def test_a_burst_of_ten_times_the_capacity(tmp_path):
    """A text takes 50 ms, and two workers compute: 40 per second. 400 long ones come at once."""
    limits = {"SAMO_THREADS": "2", "SAMO_MAX_WAIT_SECONDS": "0.5", "SAMO_DEADLINE_SECONDS": "10"}
    with (
        faulty_server(tmp_path, **limits) as server,
        server.faults(emotion={"seconds_per_item": 0.05}),
    ):
        for _ in range(5):  # the service learns how long a text takes
            assert send(server.client).status_code == 200
        with ThreadPoolExecutor(100) as pool:
            responses = list(pool.map(lambda _: send(server.client, "joy " * 100), range(400)))
        statuses = Counter(response.status_code for response in responses)
        assert set(statuses) == {200, 503}
        refused = [response for response in responses if response.status_code == 503]
        assert all(int(response.headers["retry-after"]) >= 1 for response in refused)
        assert {response.json()["error"]["code"] for response in refused} == {"overloaded"}
        # at once again: the queue is empty
        assert server.metric("samo_queue_length") == 0
        assert [send(server.client).status_code for _ in range(3)] == [200, 200, 200]


def connect(server):
    return socket.create_connection(("127.0.0.1", server.client.base_url.port))


def upload_head(length):
    return (
        b"POST /analyze/voice-journal HTTP/1.1\r\nhost: localhost\r\n"
        b"content-type: multipart/form-data; boundary=b\r\n"
        b"content-length: %d\r\n\r\n" % length
    )


def break_off(connection):
    """A reset, as of a client that crashed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_clients_that_leave(faulty):
    """In the middle of an upload, and while a model computes; orderly and by a reset."""
    body = FORM_HEAD + RECORDING.read_bytes() + b"\r\n--b--\r\n"
    with faulty.client.stream("GET", "/health"):
        files, threads = faulty.open_files(), faulty.threads()
    left = faulty.metric("samo_requests_total", status="499")
    with faulty.faults(transcriber={"sleep_seconds": 0.3}):
        for number in range(20):
            uploading, computing = connect(faulty), connect(faulty)
            uploading.sendall(upload_head(len(body)) + body[: len(body) // 2])
            computing.sendall(upload_head(len(body)) + body)
            time.sleep(0.02)
            for connection in (uploading, computing):
                break_off(connection) if number % 2 else connection.close()
        eventually(lambda: faulty.metric("samo_requests_total", status="499") >= left + 35)
    eventually(lambda: faulty.metric("samo_queue_length") == 0)
    eventually(lambda: faulty.open_files() <= files + 2)
    assert faulty.threads() <= threads + 2
    spoken = faulty.client.post(
        "/analyze/voice-journal", files={"audio_file": ("x", RECORDING.read_bytes())}
    )
    assert spoken.json()["degraded"] == []


def in_flight(server, number, path="/analyze/journal"):
    """Send so many requests at once; return their futures when the server has all of them."""
    pool = ThreadPoolExecutor(number)
    # All requests share a client. Creating 50 clients takes more than a second on a slow CPU, and
    # the first requests would be answered before the last are sent.
    client = httpx.Client(
        base_url=server.client.base_url, timeout=30, limits=httpx.Limits(max_connections=number)
    )
    futures = [pool.submit(client.post, path, json=ENTRY) for _ in range(number)]
    pool.shutdown(wait=False)
    eventually(lambda: server.open_files() - server.idle_files >= number)  # their connections
    return futures


@pytest.mark.parametrize(
    ("sleep_seconds", "statuses"), [(1.0, {200}), (20.0, {503})], ids=["in time", "stuck"]
)
def test_sigterm_with_50_requests_in_flight(tmp_path, sleep_seconds, statuses):
    """With the default grace period of 8 s."""
    with (
        faulty_server(tmp_path, SAMO_MAX_WAIT_SECONDS="60") as server,
        server.faults(summarizer={"sleep_seconds": sleep_seconds}),
    ):
        futures = in_flight(server, 50)
        server.client.process.send_signal(signal.SIGTERM)
        assert server.client.process.wait(timeout=10) == 0
        responses = [future.result() for future in futures]  # raises if one was cut
    assert len(responses) == 50
    assert {response.status_code for response in responses} == statuses
    for response in responses:
        assert response.status_code == 200 or "retry-after" in response.headers
    assert "Traceback" not in server.log.read_text()


def test_a_paused_server_goes_on(faulty):
    """SIGSTOP and SIGCONT, as of a machine that was suspended."""
    os.kill(faulty.pid, signal.SIGSTOP)
    threading.Timer(1.0, os.kill, (faulty.pid, signal.SIGCONT)).start()
    assert send(faulty.client).status_code == 200
