"""BentoML as in its documentation: an outer service that depends on a batchable inner one.

https://docs.bentoml.com/en/latest/get-started/adaptive-batching.html
"""

from __future__ import annotations

import bentoml

from loadtests.peers.model import MAX_BATCH, EmotionModel, Prediction


# By default a connection between the services serves at most 10 requests per second and breaks
# under load: 11 to 33 % of the responses are then 500. These two settings prevent it.
@bentoml.service(workers=1, runner_connection={"max_requests": 10**9, "max_age": 1e9})
class Classifier:
    """The model in its own process."""

    def __init__(self) -> None:
        self.model = EmotionModel()

    @bentoml.api(batchable=True, max_batch_size=MAX_BATCH, max_latency_ms=60_000)
    def classify(self, texts: list[str]) -> list[Prediction]:
        """Classify a batch, which BentoML's adaptive batching collects."""
        return self.model.classify(texts)


@bentoml.service(workers=1, traffic={"timeout": 120})
class Emotions:
    """The service that clients call."""

    classifier = bentoml.depends(Classifier)

    @bentoml.api
    async def predict(self, text: str) -> Prediction:
        """Classify one text."""
        predictions: list[Prediction] = await self.classifier.to_async.classify([text])
        return predictions[0]
