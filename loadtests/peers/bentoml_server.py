"""BentoML as its documentation shows it: an inner batchable service, an outer one that depends.

https://docs.bentoml.com/en/latest/get-started/adaptive-batching.html
"""

from __future__ import annotations

import bentoml

from loadtests.peers.model import MAX_BATCH, Answer, EmotionModel


# By default a connection between the services serves 10 requests a second at most and breaks
# under load; then 11 to 33 % of the answers are 500. These two settings cure it.
@bentoml.service(workers=1, runner_connection={"max_requests": 10**9, "max_age": 1e9})
class Classifier:
    """The model, in processes of its own."""

    def __init__(self) -> None:
        self.model = EmotionModel()

    @bentoml.api(batchable=True, max_batch_size=MAX_BATCH, max_latency_ms=60_000)
    def classify(self, texts: list[str]) -> list[Answer]:
        """BentoML's adaptive batching gathers calls."""
        return self.model.classify(texts)


@bentoml.service(workers=1, traffic={"timeout": 120})
class Emotions:
    """What clients talk to."""

    classifier = bentoml.depends(Classifier)

    @bentoml.api
    async def predict(self, text: str) -> Answer:
        """One text."""
        answers: list[Answer] = await self.classifier.to_async.classify([text])
        return answers[0]
