"""The BentoML service. `bentoml serve`, `bentoml build` and `samo serve` load `Samo` from here."""

from __future__ import annotations

from typing import Any

import bentoml
from bentoml.models import BentoModel

import samo
from samo import private_logs
from samo.api.app import create_app, middleware_stack, set_models
from samo.factory import MODEL_NAMES, create_models
from samo.monitoring.models import report_models
from samo.settings import Settings


def create_service(settings: Settings) -> Any:
    """Create the service with these settings; a `bentoml.Service`, which has no types."""
    app = create_app(settings)

    @bentoml.service(
        name="samo",
        metrics={"enabled": False},  # its labels are raw paths; ours are at /metrics
        logging={"access": {"enabled": False}},  # it logs raw paths; the middleware logs routes
        tracing={"excluded_urls": ".*"},  # spans cost every request 0.5 ms; nothing collects them
        # the middleware's deadline comes first and answers with the error envelope
        traffic={"timeout": settings.deadline_seconds + 60},
    )
    @bentoml.asgi_app(app)
    class Samo:
        """Transcript, emotions and summary of journal entries."""

        if settings.runners == "real":  # `bentoml build` packs the models that are declared here
            transcriber = BentoModel(MODEL_NAMES["transcriber"])
            emotion = BentoModel(MODEL_NAMES["emotion"])
            summarizer = BentoModel(MODEL_NAMES["summarizer"])

        def __init__(self) -> None:
            private_logs.install()
            self.models = create_models(settings, lambda name: getattr(self, name))
            self.models.warm_up()
            set_models(app, self.models)
            report_models(samo.__version__, self.models.tags)

        @bentoml.on_shutdown
        def close(self) -> None:
            """Stop the runners' threads."""
            self.models.close()

        async def __is_ready__(self) -> bool:
            """BentoML's /readyz: all three models have run their warm-up."""
            return self.models.ready

    for layer in middleware_stack(app):
        Samo.add_asgi_middleware(layer.cls, **layer.kwargs)  # type: ignore[attr-defined]
    return Samo


Samo = create_service(Settings.load())
