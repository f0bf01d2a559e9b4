"""The Python client against a service with fake models."""

from __future__ import annotations

import inspect
import subprocess
from datetime import date, datetime

import pytest
from samo_client import AsyncSamo, Samo, errors, models

from tests.conftest import RECORDING, ROOT

TEXT = "I am so happy. I miss my father."


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
