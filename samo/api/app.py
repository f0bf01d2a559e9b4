"""The FastAPI application of the routes, and the middleware around it."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware import Middleware

import samo
from samo.access.key_ring import KeyRing
from samo.access.middleware import AccessMiddleware
from samo.access.tokens import TokenSigner
from samo.api import description, error_handlers, schemas
from samo.api.answer_middleware import AnswerMiddleware
from samo.api.readiness import ReadinessMiddleware
from samo.api.routes import ROUTERS
from samo.api.routing import Route
from samo.drift.creation import DriftOff
from samo.drift.monitor import DriftMonitor
from samo.experiment import Experiment
from samo.factory import ModelSet
from samo.feedback.creation import create_feedback
from samo.http.cors import SamoCORSMiddleware
from samo.http.middleware import RequestMiddleware
from samo.http.origins import OriginMiddleware
from samo.http.paths import PathMiddleware, RouteNames
from samo.http.request_log import RequestLog
from samo.http.security_headers import SecurityHeadersMiddleware
from samo.http.tracing import TracingMiddleware
from samo.jobs.runner import JobRunner
from samo.live.slots import SessionSlots
from samo.loading import max_live_sessions
from samo.page.files import Files
from samo.page.routes import create_router
from samo.settings import Settings, TracingSettings


def create_app(settings: Settings) -> FastAPI:
    """Create the application with all routes; they answer once `set_models` was called.

    Raises:
        StartError: The folder of jobs or the URL of the feedback cannot be used.
    """
    app = FastAPI(
        title="SAMO",
        version=samo.__version__,
        summary="From a spoken or typed journal entry to its emotional insight.",
        responses={
            "4XX": {"model": schemas.ErrorEnvelope},
            "5XX": {"model": schemas.ErrorEnvelope},
        },
        openapi_url=None,  # `description` serves it
        docs_url=None,  # FastAPI's pages load their scripts from other servers; samo.page has ours
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        redirect_slashes=False,  # `PathMiddleware` removes extra slashes
    )
    app.state.settings = settings
    app.state.jobs = JobRunner(settings)
    app.state.feedback = create_feedback(settings)
    app.state.experiment = None
    app.state.live_slots = SessionSlots(max_live_sessions(settings))
    error_handlers.install_error_handlers(app)
    files = Files.read(
        max_job_bytes=settings.max_job_bytes, max_job_seconds=settings.max_job_seconds
    )
    for router in (
        *ROUTERS,
        create_router(files, Route),
    ):
        app.include_router(router)
    description.install(app)
    return app


def set_models(app: FastAPI, models: ModelSet) -> None:
    """Give the routes of `app` their models."""
    app.state.models = models


def set_experiment(app: FastAPI, experiment: Experiment | None) -> None:
    """Have `experiment` choose the models for each request; without one, all are answered alike."""
    app.state.experiment = experiment


def set_drift(app: FastAPI, drift: DriftMonitor | DriftOff) -> None:
    """Give the routes of `app` what compares their texts and recordings with a reference."""
    app.state.drift = drift


def middleware_stack(app: FastAPI) -> list[Middleware]:
    """The ASGI middleware around `app` and around BentoML's own routes, the outermost first.

    Raises:
        StartError: The API keys cannot be used, or there are none and that is not allowed; or a
            setting of the traces cannot be used.
    """
    settings: Settings = app.state.settings
    keys = KeyRing.from_settings(settings)
    secret = settings.token_secret
    tokens = TokenSigner(None if secret is None else secret.get_secret_value())
    names = RouteNames(app.routes)
    log = RequestLog(settings, names, lambda: app.state.models.tags_by_batcher)
    stack = [
        Middleware(SecurityHeadersMiddleware),
        Middleware(RequestMiddleware, settings=settings, log=log),
        Middleware(
            OriginMiddleware,
            allowed_hosts=settings.allowed_hosts,
            allowed_origins=settings.cors_origins,
            guard_loopback=keys is None and settings.allow_anonymous is None,
        ),
        Middleware(PathMiddleware, routes=app.routes, names=names),
        Middleware(AccessMiddleware, settings=settings, keys=keys, tokens=tokens),
        Middleware(ReadinessMiddleware, application=app),
    ]
    feedback = app.state.feedback
    if feedback is not None:
        stack.append(Middleware(AnswerMiddleware, feedback=feedback))
    if TracingSettings.load().enabled:
        stack.insert(1, Middleware(TracingMiddleware, names=names))
    if settings.cors_origins:
        stack.insert(0, Middleware(SamoCORSMiddleware, origins=settings.cors_origins))
    return stack
