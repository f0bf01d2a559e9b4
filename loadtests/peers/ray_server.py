"""Ray Serve with `@serve.batch`, one replica on the two cores."""

from __future__ import annotations

import time

import ray
from ray import serve
from starlette.requests import Request

from loadtests.peers.model import BATCH_WAIT_SECONDS, MAX_BATCH, EmotionModel, Prediction, port


@serve.deployment(max_ongoing_requests=512)
class Emotions:
    """A replica with the model."""

    def __init__(self) -> None:
        self.model = EmotionModel()

    @serve.batch(max_batch_size=MAX_BATCH, batch_wait_timeout_s=BATCH_WAIT_SECONDS)
    async def classify(self, texts: list[str]) -> list[Prediction]:
        """Classify a batch, which Ray collects from calls with one text."""
        return self.model.classify(texts)

    async def __call__(self, request: Request) -> Prediction:
        """Answer one request."""
        prediction: Prediction = await self.classify((await request.json())["text"])
        return prediction


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100 * 2**20)
    serve.start(
        http_options={"host": "127.0.0.1", "port": port()}, logging_config={"log_level": "WARNING"}
    )
    serve.run(Emotions.bind(), route_prefix="/predict")  # type: ignore[attr-defined]  # the decorator
    while True:
        time.sleep(3600)
