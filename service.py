"""The one BentoML service: routes to the pipeline. `bentoml serve` finds it here."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

import bentoml
from bentoml.models import BentoModel
from fastapi import FastAPI, File, Form, Response, UploadFile
from pydantic import BeforeValidator

import samo
from samo import metrics, options, private_logs
from samo.api import error_handlers, languages, openai_format, responses, routing, schemas
from samo.audio import READABLE_FORMATS
from samo.factory import MODEL_NAMES, Models, assemble
from samo.http import cors, draining, middleware, paths
from samo.insight.reading import beside_loop
from samo.settings import Settings

settings = Settings()

app = FastAPI(
    title="SAMO",
    version=samo.__version__,
    summary="From a spoken or typed journal entry to its emotional insight.",
    responses={"4XX": {"model": schemas.ErrorEnvelope}, "5XX": {"model": schemas.ErrorEnvelope}},
    docs_url=None,  # these pages load their scripts from elsewhere
    redoc_url=None,
    redirect_slashes=False,  # `paths` passes over extra slashes
)
app.router.route_class = routing.Route
error_handlers.install_error_handlers(app)
Upload = Annotated[UploadFile, File(description=f"{READABLE_FORMATS}.")]
Language = Annotated[
    str | None,
    BeforeValidator(languages.code),
    Form(description="ISO 639-1 code, tag or name; recognized when left out."),
]
Model = Annotated[str | None, Form(description="Any name; the service has one model.")]


@bentoml.service(
    name="samo",
    metrics={"enabled": False},  # it labels raw paths; ours are at /metrics
    logging={"access": {"enabled": False}},  # it writes raw paths; the middleware logs routes
    tracing={"excluded_urls": ".*"},  # spans cost every request 0.5 ms, and nobody collects them
    # the middleware's deadline comes first, with our envelope
    traffic={"timeout": settings.deadline_seconds + 60},
)
@bentoml.asgi_app(app)
class Samo:
    """From a spoken or typed journal entry to its transcript, emotions and emotional core."""

    if settings.runners == "real":  # BentoML asks the store for what is declared here
        transcriber = BentoModel(MODEL_NAMES["transcriber"])
        emotion = BentoModel(MODEL_NAMES["emotion"])
        summarizer = BentoModel(MODEL_NAMES["summarizer"])

    def __init__(self) -> None:
        private_logs.install()
        self.models: Models = assemble(settings, lambda name: getattr(self, name))
        self.pipeline = self.models.pipeline
        self.models.warm_up()
        self.ready_since = time.monotonic()
        self.loaded_at = int(time.time())
        app.state.service = self

    @bentoml.on_shutdown
    def close(self) -> None:
        """Let the runners' threads go."""
        self.models.close()

    @app.post("/predict", response_model=schemas.PredictResponse, tags=["text"])
    async def predict(self, request: schemas.PredictRequest) -> Response:
        """Classify a text by GoEmotions' 27 emotions and neutral; explain it where asked to."""
        with responses.Stopwatch() as watch:
            if not request.explain:
                (outcome,), why = await self.pipeline.classify([request.text]), None
            else:
                outcome, why = await self.pipeline.explain(
                    request.text, request.threshold, request.top_k
                )
        return responses.predict(self.pipeline.scale, outcome, request, watch, why)

    @app.post("/predict_batch", response_model=schemas.PredictBatchResponse, tags=["text"])
    async def predict_batch(self, request: schemas.PredictBatchRequest) -> Response:
        """Classify up to 128 texts in one call; a text that cannot be used fails alone."""
        with responses.Stopwatch() as watch:
            outcomes = await self.pipeline.classify_each(request.texts)
        return responses.predict_batch(self.pipeline.scale, outcomes, request, watch)

    @app.post("/summarize/text", response_model=schemas.SummaryResponse, tags=["text"])
    async def summarize(self, request: schemas.SummarizeRequest) -> Response:
        """Bring an entry to its emotional core."""
        core, reading = await self.pipeline.summarize(
            request.text, request.max_sentences, request.focus
        )
        return responses.reply(responses.summary(request.text, core, reading))

    @app.post("/transcribe/voice", response_model=schemas.TranscriptionResponse, tags=["speech"])
    async def transcribe(
        self,
        audio_file: Upload,
        language: Language = None,
        task: Annotated[
            Literal["transcribe", "translate"], BeforeValidator(options.name), Form()
        ] = "transcribe",
        timestamp: Annotated[bool, Form(description="Give every word's time too.")] = False,
    ) -> Response:
        """Transcribe a recording, or translate it into English."""
        recording = await self.pipeline.transcribe(
            await audio_file.read(), language=language, task=task, word_timestamps=timestamp
        )
        return responses.reply(responses.transcription(recording, with_words=timestamp))

    @app.post("/analyze/journal", response_model=schemas.InsightResponse, tags=["insight"])
    async def analyze_journal(self, request: schemas.JournalRequest) -> Response:
        """The insight of a typed entry: emotions, their arc, the emotional core."""
        with responses.Stopwatch() as watch:
            insight = await self.pipeline.analyze(
                request.text,
                generate_summary=request.generate_summary,
                threshold=request.emotion_threshold,
            )
        return await beside_loop(
            len(request.text), responses.insight_reply, insight, self.models.tags, watch
        )

    @app.post("/analyze/voice-journal", response_model=schemas.InsightResponse, tags=["insight"])
    async def analyze_voice_journal(
        self,
        audio_file: Upload,
        language: Language = None,
        generate_summary: Annotated[bool, Form()] = True,
        emotion_threshold: Annotated[float | None, Form(ge=0.0, le=1.0)] = None,
    ) -> Response:
        """The insight of a spoken entry, with its transcript."""
        with responses.Stopwatch() as watch:
            insight = await self.pipeline.analyze_recording(
                await audio_file.read(),
                language=language,
                generate_summary=generate_summary,
                threshold=emotion_threshold,
            )
        return responses.reply(responses.insight(insight, self.models.tags, watch))

    @app.post("/v1/audio/transcriptions", tags=["speech"])
    async def openai_transcriptions(
        self,
        file: Upload,
        model: Model = None,
        language: Language = None,
        response_format: Annotated[openai_format.ResponseFormat, Form()] = "json",
        timestamp_granularities: Annotated[
            list[openai_format.Granularity], Form(alias="timestamp_granularities[]")
        ] = [],  # noqa: B006  # FastAPI copies a form's default
        stream: Annotated[bool, Form(description="Answer with server-sent events.")] = False,
    ) -> Response:
        """Transcribe as OpenAI's endpoint does; its official clients work against this."""
        openai_format.check_options(response_format, timestamp_granularities, stream)
        recording = await self.pipeline.transcribe(
            await file.read(),
            language=language,
            task="transcribe",
            word_timestamps="word" in timestamp_granularities,
        )
        if stream:
            return openai_format.render_events(recording.transcript)
        return openai_format.render(recording.transcript, response_format, timestamp_granularities)

    @app.post("/v1/audio/translations", tags=["speech"])
    async def openai_translations(
        self,
        file: Upload,
        model: Model = None,
        language: Language = None,
        response_format: Annotated[openai_format.ResponseFormat, Form()] = "json",
    ) -> Response:
        """Translate a recording into English as OpenAI's endpoint does."""
        recording = await self.pipeline.transcribe(
            await file.read(), language=language, task="translate", word_timestamps=False
        )
        return openai_format.render(recording.transcript, response_format, task="translate")

    @app.get("/v1/models", tags=["speech"])
    async def openai_models(self) -> Response:
        """The names that a transcription may ask for, in the form of OpenAI's list."""
        return openai_format.models(self.models.tags["transcriber"], self.loaded_at)

    @app.get("/v1/models/{name:path}", tags=["speech"])
    async def openai_model(self, name: str) -> Response:
        """One of these names, in the form of OpenAI's list."""
        return openai_format.model(name, self.models.tags["transcriber"], self.loaded_at)

    @app.get("/", include_in_schema=False)
    async def index(self) -> dict[str, str]:
        """Say where to go on; BentoML's own page here would load a tracker."""
        return {"service": "samo", "openapi": "/openapi.json", "health": "/health"}

    @app.get("/docs.json", include_in_schema=False)
    async def docs(self) -> dict[str, Any]:
        """Serve the one description where BentoML's tools look for it."""
        return app.openapi()

    @app.get("/health", response_model=schemas.HealthResponse, tags=["operations"])
    async def health(self) -> Response:
        """State of the service, for people and dashboards; probes use /livez and /readyz."""
        return responses.reply(responses.health(self.models, self.ready_since))

    @app.get("/models/status", response_model=dict[str, schemas.ModelStatus], tags=["operations"])
    async def models_status(self) -> Response:
        """What each model was made from, its metrics and licences, its queue."""
        return responses.models_status(self.models)

    @app.get("/metrics", response_class=Response, tags=["operations"])
    async def prometheus_metrics(self) -> Response:
        """Counters and timings in Prometheus' text format."""
        return Response(metrics.render(), headers={"content-type": metrics.CONTENT_TYPE})

    async def __is_ready__(self) -> bool:
        """BentoML's /readyz: all three models answered their warm-up."""
        return self.models.ready


# bentoml.service made a Service of the class; the first middleware is the outermost
if settings.cors_origins:
    Samo.add_asgi_middleware(cors.CORS, origins=settings.cors_origins)  # type: ignore[attr-defined]
Samo.add_asgi_middleware(  # type: ignore[attr-defined]
    middleware.RequestMiddleware, settings=settings
)
Samo.add_asgi_middleware(draining.Draining)  # type: ignore[attr-defined]
Samo.add_asgi_middleware(paths.Paths, routes=app.routes)  # type: ignore[attr-defined]
