"""LitServe with its dynamic batching, one worker."""

from typing import Any

import litserve

from loadtests.peers.model import BATCH_WAIT_SECONDS, MAX_BATCH, EmotionModel, Prediction, port


class EmotionAPI(litserve.LitAPI):
    """The model behind LitServe's methods."""

    def setup(self, device: str) -> None:
        """Load the model in the worker."""
        self.model = EmotionModel()

    def decode_request(self, request: dict[str, Any]) -> str:
        """Return the text of a request."""
        return str(request["text"])

    def predict(self, texts: list[str]) -> list[Prediction]:
        """Classify a batch; LitServe's batch() and unbatch() do not change lists."""
        return self.model.classify(texts)

    def encode_response(self, output: Prediction) -> Prediction:
        """Return the output unchanged."""
        return output


if __name__ == "__main__":
    api = EmotionAPI(max_batch_size=MAX_BATCH, batch_timeout=BATCH_WAIT_SECONDS)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(
        host="127.0.0.1",
        port=port(),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
    )
