"""The BentoML service. `bentoml serve`, `bentoml build` and `samo serve` load `Samo` from here."""

from __future__ import annotations

import asyncio
from typing import Any

import bentoml
from bentoml.models import BentoModel

import samo
from samo import core_dumps, private_logs
from samo.api.app import create_app, middleware_stack, set_drift, set_experiment, set_models
from samo.drift.creation import DriftOff
from samo.drift.monitor import DriftMonitor
from samo.experiment import create_experiment, load_variant_b
from samo.factory import ModelSet, create_models, observe_drift
from samo.model_store import served_tag
from samo.monitoring import log_format, tracing
from samo.monitoring.models import report_models
from samo.reloading import ModelReloader
from samo.settings import Settings, TracingSettings, early_log_format


def create_service(settings: Settings) -> Any:
    """Create the service with these settings; a `bentoml.Service`, which has no types."""
    app = create_app(settings)

    @bentoml.service(
        name="samo",
        labels={"project": "samo"},
        endpoints={"livez": "/livez", "readyz": "/readyz"},
        metrics={"enabled": False},  # its labels are raw paths; ours are at /metrics
        logging={"access": {"enabled": False}},  # it logs raw paths; the middleware logs routes
        tracing={"excluded_urls": ".*"},  # 0.5 ms per request; ours are in samo/monitoring/
        # the middleware's deadline comes first and answers with the error envelope
        traffic={"timeout": max(settings.deadline_seconds, settings.job_upload_seconds) + 60},
    )
    @bentoml.asgi_app(app)
    class Samo:
        """Transcript, emotions and summary of journal entries."""

        if settings.runners == "real":  # `bentoml build` packs the models that are declared here
            transcriber = BentoModel(served_tag(settings.model_names["transcriber"]))
            emotion = BentoModel(served_tag(settings.model_names["emotion"]))
            summarizer = BentoModel(served_tag(settings.model_names["summarizer"]))
            if settings.ab_model is not None:
                emotion_b = BentoModel(settings.ab_model)

        def __init__(self) -> None:
            core_dumps.disable()
            private_logs.install()
            if TracingSettings.load().enabled:
                tracing.start(samo.__version__)
            log_format.install(settings.log_format)  # in the handlers that BentoML has now
            self.models = create_models(settings, lambda name: getattr(self, name))
            self.drift = observe_drift(settings, self.models)
            load_variant_b(settings, self.models)
            self.models.warm_up()
            self.reloader = ModelReloader(settings, self.models, self.drift, self.serve)
            self.serve(self.models, self.drift)
            if app.state.feedback is not None:
                app.state.feedback.start()

        def serve(self, models: ModelSet, drift: DriftMonitor | DriftOff) -> None:
            """Give the routes their models, and what observes them."""
            self.models, self.drift = models, drift
            set_models(app, models)
            self.experiment = create_experiment(settings, models)
            set_experiment(app, self.experiment)
            set_drift(app, drift)
            report_models(samo.__version__, models.tags)

        @bentoml.on_startup
        async def watch(self) -> None:
            """Look for promoted models from now on."""
            self.reloader.start()

        @bentoml.on_shutdown
        async def close(self) -> None:
            """Stop jobs and threads; share what drift has counted; write answers; send spans."""
            await self.reloader.close()
            await app.state.jobs.close()
            if isinstance(self.drift, DriftMonitor):
                await self.drift.close()
            if app.state.feedback is not None:
                await asyncio.to_thread(app.state.feedback.close)
            if self.experiment is not None:
                await self.experiment.close()
            self.models.close()
            tracing.stop()

        async def __is_ready__(self) -> bool:
            """BentoML's /readyz: all three models have run their warm-up."""
            return self.models.ready

    for layer in middleware_stack(app):
        Samo.add_asgi_middleware(layer.cls, **layer.kwargs)  # type: ignore[attr-defined]
    return Samo


log_format.install(early_log_format())
Samo = create_service(Settings.load())
