"""The Python client against a service with fake models, and its retries against a mock."""

from __future__ import annotations

import asyncio
import inspect
import io
import subprocess
from datetime import date, datetime

import httpx
import pytest
from samo_client import AsyncSamo, Samo, errors, models

from tests.conftest import RECORDING, ROOT

TEXT = "I am so happy. I miss my father."


class Threadlike:
    """Calls the methods of an `AsyncSamo`, so that the same tests run with both clients."""

    def __init__(self, url, **options):
        self._runner = asyncio.Runner()
        self._client = AsyncSamo(url, **options)

    def __getattr__(self, name):
        method = getattr(self._client, name)
        return lambda *arguments, **options: self._runner.run(method(*arguments, **options))

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._runner.run(self._client.close())
        self._runner.close()


@pytest.fixture(params=[Samo, Threadlike], ids=["threads", "asyncio"])
def connect(request, monkeypatch):
    for name in ("SAMO_URL", "SAMO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    clients = []

    def open_client(url, **options):
        clients.append(request.param(url, **options).__enter__())
        return clients[-1]

    yield open_client
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def samo(connect, service_url):
    return connect(service_url)


def test_a_text(samo):
    insight = samo.analyze(TEXT)
    assert [point.text for point in insight.arc] == ["I am so happy.", "I miss my father."]
    assert insight.emotion_analysis.primary_emotion in insight.emotion_analysis.emotions
    assert insight.summary is not None
    assert samo.analyze(TEXT, summary=False).summary is None
    assert samo.analyze(TEXT, threshold=1.0).emotion_analysis.emotions == {}


@pytest.mark.parametrize("kind", ["path", "text path", "bytes", "file", "pipe"])
def test_a_recording_of_any_kind(samo, kind):
    progress = []
    with (
        RECORDING.open("rb") as file,
        subprocess.Popen(["cat", RECORDING], stdout=subprocess.PIPE) as cat,
    ):
        recording = {
            "path": RECORDING,
            "text path": str(RECORDING),
            "bytes": RECORDING.read_bytes(),
            "file": file,
            "pipe": cat.stdout,
        }[kind]
        insight = samo.analyze_recording(
            recording, language="en", on_progress=lambda *numbers: progress.append(numbers)
        )
    size = RECORDING.stat().st_size
    assert (insight.transcription.language, insight.transcription.duration) == ("en", 11.0)
    assert len(progress) > 1
    assert progress == sorted(progress)
    assert progress[-1] == (size, size)


def test_a_transcript_with_words(samo):
    transcript = samo.transcribe(RECORDING, words=True)
    assert transcript.duration == 11.0
    assert [word.word for word in transcript.words] == transcript.text.split()


def test_emotions_of_texts(samo):
    prediction = samo.predict("I am so happy.", groupings=True, explain=True, top_k=1)
    assert len(prediction.emotions) == 1
    assert prediction.groupings.ekman
    assert prediction.explanation
    one, two = samo.predict_batch(iter(["I am so happy.", " "])).results
    assert isinstance(one, models.BatchItem)
    assert isinstance(two, models.BatchItemError)
    assert samo.summarize(TEXT, max_sentences=1, focus="gist").summary


def test_feedback_on_a_response(samo):
    said = samo.send_feedback(samo.analyze(TEXT), labels=["Joy"], moods=[], summary_rating=4)
    batch = samo.predict_batch(["I am so happy.", "I am sad."])
    second = samo.send_feedback(
        batch, item=1, labels=["sadness"], text="I am sad.", consent=True, user="user-1"
    )
    assert (said.item, second.item) == (0, 1)
    assert second.request_id == batch.request_id
    assert samo.send_feedback(said.request_id, labels=["joy"]).request_id == said.request_id
    samo.send_feedback(batch, labels=["joy"], user="user-1")
    page = samo.export_feedback("user-1", limit=1)
    (rest,) = samo.export_feedback("user-1", after=page.next).feedback
    assert {page.feedback[0].item, rest.item} == {0, 1}
    assert samo.erase_feedback("user-1").erased == 2
    assert not samo.export_feedback("user-1").feedback
    with pytest.raises(errors.NotFound, match="X-Request-ID"):
        samo.send_feedback("unknown", labels=["joy"])
    with pytest.raises(TypeError, match="about a response"):
        samo.send_feedback(models.BatchItem(emotions=[]), labels=["joy"])


def test_trends_of_insights(samo):
    insight = samo.analyze(TEXT)
    silence = insight.model_copy(update={"emotion_analysis": None})
    entries = [
        (date(2026, 1, 1), insight),
        (datetime(2026, 1, 2, 21, 30), insight),
        ("2026-01-03T08:00", insight),
        models.TrendsEntry(date="2026-01-04", emotions={"joy": 0.5}),
        ("2026-01-05", silence),
    ]
    trends = samo.trends(entries)
    assert (trends.entries, trends.last_date) == (4, date(2026, 1, 4))


@pytest.mark.parametrize("entry", [("2026-01-01", {}), ("2026-01-01",), "2", None, (1, None)])
def test_wrong_entries_of_trends_are_a_type_error(mocked, entry):
    mock = Mock()
    with pytest.raises(TypeError, match="An entry of trends is"):
        mocked(mock)[0].trends([entry])
    assert mock.requests == []


def test_a_missing_file_is_pythons_own_error(mocked):
    mock = Mock()
    with pytest.raises(FileNotFoundError):
        mocked(mock)[0].transcribe("missing.flac")
    assert mock.requests == []


def test_a_job(samo):
    progress, states = [], []
    job = samo.create_job(RECORDING, language="en", on_progress=lambda *one: progress.append(one))
    insight = samo.wait_for_job(job.id, lambda job: states.append(job.state))
    assert isinstance(insight, models.InsightResponse)
    assert insight.transcription is not None
    assert insight.transcription.duration == 11.0
    assert progress[-1] == (RECORDING.stat().st_size,) * 2
    assert states[-1] == "done"
    assert samo.job_result(job.id).arc == insight.arc
    samo.delete_job(job.id)
    with pytest.raises(errors.NotFound):
        samo.get_job(job.id)


def test_a_job_of_a_transcription(samo):
    job = samo.create_job(RECORDING.read_bytes(), result="transcription", words=True)
    transcription = samo.wait_for_job(job.id)
    assert isinstance(transcription, models.TranscriptionResponse)
    assert transcription.words


def test_a_job_that_fails(samo):
    job = samo.create_job(b"not audio")
    with pytest.raises(errors.JobFailed) as raised:
        samo.wait_for_job(job.id)
    assert (raised.value.state, raised.value.code) == ("failed", "unsupported_audio")


def test_an_option_of_another_result_is_refused(samo):
    with pytest.raises(errors.InvalidRequest, match="timestamp"):
        samo.create_job(RECORDING, words=True)


def test_state(samo):
    assert samo.health().status == "ok"
    assert samo.served_models()["emotion"].tag == "fake"


@pytest.mark.parametrize(
    ("call", "error", "status"),
    [
        (lambda samo: samo.analyze(" "), errors.InvalidRequest, 422),
        (lambda samo: samo.analyze("x" * 20_001), errors.InvalidRequest, 422),
        (lambda samo: samo.analyze_recording(b"not audio"), errors.InvalidRequest, 415),
        (lambda samo: samo.transcribe(RECORDING, language="xx"), errors.InvalidRequest, 422),
        (lambda samo: samo.predict("hi", top_k=0), errors.InvalidRequest, 422),
    ],
)
def test_a_refused_request_has_its_reason(samo, call, error, status):
    with pytest.raises(error) as raised:
        call(samo)
    assert raised.value.status == status
    assert raised.value.code
    assert raised.value.request_id in str(raised.value)


def test_another_server_is_told_apart(connect, service_url):
    with pytest.raises(errors.NotFound, match="/predict"):
        connect(f"{service_url}/nowhere").predict("hi")
    with pytest.raises(errors.ConnectionFailed):
        connect("http://127.0.0.1:9", max_retries=0).health()
    with pytest.raises(ValueError, match="http://"):
        connect("localhost:3000")


class Mock:
    """A service that answers with these statuses in turn, or raises these errors."""

    def __init__(self, *answers, **headers):
        self.requests = []
        self._answers, self._headers = list(answers), headers

    def __call__(self, request):
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if answer == 200:
            body = {"status": "ok", "version": "1", "models": {}, "uptime_seconds": 1}
            return httpx.Response(200, json=body)
        error = {"code": "overloaded", "message": "Wait.", "details": {}, "request_id": "r1"}
        return httpx.Response(answer, json={"error": error}, headers=self._headers)


@pytest.fixture
def mocked(connect, monkeypatch, request):
    """Connects a client to a `Mock`; returns it with the list of its waits."""
    waits = []

    async def wait(seconds):
        waits.append(seconds)

    monkeypatch.setattr("samo_client._connection.time.sleep", waits.append)
    monkeypatch.setattr("samo_client._async_connection.asyncio.sleep", wait)
    is_async = "asyncio" in request.node.callspec.id

    def open_client(mock, **options):
        transport = httpx.MockTransport(mock)
        http = (httpx.AsyncClient if is_async else httpx.Client)(transport=transport)
        return connect("http://samo.test/", http_client=http, **options), waits

    return open_client


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_busy_service_is_asked_again_after_retry_after(mocked, status):
    mock = Mock(status, status, 200, **{"Retry-After": "7"})
    samo, waits = mocked(mock)
    assert samo.health().status == "ok"
    assert waits == [7.0, 7.0]


def test_a_date_in_retry_after(mocked):
    samo, waits = mocked(Mock(503, 200, **{"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}))
    samo.health()
    assert waits == [0.0]


def test_without_retry_after_the_waits_grow(mocked):
    samo, waits = mocked(
        Mock(503, httpx.ReadError(""), httpx.ConnectTimeout(""), 200), max_retries=3
    )
    samo.health()
    assert [0.25 * 2**n <= wait <= 0.5 * 2**n for n, wait in enumerate(waits)] == [True] * 3


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (401, errors.Unauthenticated), (403, errors.PermissionDenied), (404, errors.NotFound),
        (500, errors.ServerFailure), (504, errors.DeadlineExceeded),
        (httpx.ReadTimeout(""), errors.TimedOut),
    ],
)  # fmt: skip
def test_what_is_not_asked_again(mocked, answer, error):
    samo, waits = mocked(Mock(answer))
    with pytest.raises(error):
        samo.health()
    assert waits == []


def test_a_job_is_not_made_twice(mocked):
    samo, waits = mocked(Mock(503, httpx.ReadError(""), **{"Retry-After": "1"}))
    with pytest.raises(errors.ConnectionFailed):
        samo.create_job(b"x")
    assert waits == [1.0]


def test_the_last_error_is_raised(mocked):
    samo, waits = mocked(Mock(429, 429, **{"Retry-After": "1"}), max_retries=1)
    with pytest.raises(errors.RateLimited, match=r"Wait. \(request r1\)") as raised:
        samo.health()
    assert (raised.value.retry_after, raised.value.code, waits) == (1.0, "overloaded", [1.0])


def test_too_long_a_wait_is_not_waited_for(mocked):
    samo, waits = mocked(Mock(503, **{"Retry-After": "61"}))
    with pytest.raises(errors.Overloaded):
        samo.health()
    assert waits == []


def test_an_upload_is_sent_again_from_its_beginning(mocked):
    mock = Mock(503, 422, **{"Retry-After": "0"})
    samo, _ = mocked(mock)
    with pytest.raises(errors.InvalidRequest):
        samo.transcribe(io.BytesIO(b"x" * 200_000))
    bodies = [request.read() for request in mock.requests]
    assert [body.count(b"x" * 200_000) for body in bodies] == [1, 1]


def test_the_key_is_sent(mocked, monkeypatch):
    mock = Mock(200, 200)
    mocked(mock, api_key="k1")[0].health()
    monkeypatch.setenv("SAMO_API_KEY", "k2")
    mocked(mock)[0].health()
    sent = [request.headers["authorization"] for request in mock.requests]
    assert sent == ["Bearer k1", "Bearer k2"]
    assert str(mock.requests[0].url) == "http://samo.test/health"


def test_a_response_of_another_version_is_told_apart(mocked, monkeypatch):
    def answer(_request):
        return httpx.Response(200, json={"text": "private"})

    samo, _ = mocked(answer)
    with pytest.raises(errors.UnexpectedResponse) as raised:
        samo.analyze("hi")
    assert "private" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_unknown_fields_of_a_newer_service_are_kept():
    status = models.HealthResponse.model_validate(
        {"status": "ok", "version": "9", "models": {}, "uptime_seconds": 1, "new": 7}
    )
    assert status.model_extra == {"new": 7}


def test_both_clients_have_the_same_methods():
    def methods(client):
        return {
            name: [(one.name, one.default) for one in inspect.signature(method).parameters.values()]
            for name, method in inspect.getmembers(client, inspect.isfunction)
            if not name.startswith("_")
        }

    assert methods(Samo) == methods(AsyncSamo)


def test_the_generated_files_are_current(tmp_path):
    subprocess.run([ROOT / "scripts/clients", tmp_path], check=True, capture_output=True)
    generated = {file.name: file.read_text() for file in tmp_path.iterdir()}
    committed = {
        name: (ROOT / folder / name).read_text()
        for name in generated
        for folder in ("clients/python/src/samo_client", "clients/javascript/types")
        if (ROOT / folder / name).exists()
    }
    assert generated == committed, "run scripts/clients"
    assert {"models.py", "_client.py", "api.d.ts", "index.d.ts"} <= generated.keys()
