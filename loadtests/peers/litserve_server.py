"""LitServe with its dynamic batching, one worker."""

from typing import Any

import litserve

from loadtests.peers.model import BATCH_WAIT_SECONDS, MAX_BATCH, Answer, EmotionModel, port


class EmotionAPI(litserve.LitAPI):
    """LitServe's verbs around the model."""

    def setup(self, device: str) -> None:
        """Load the model in the worker."""
        self.model = EmotionModel()

    def decode_request(self, request: dict[str, Any]) -> str:
        """Take the text of a request."""
        return str(request["text"])

    def predict(self, texts: list[str]) -> list[Answer]:
        """Classify a batch; LitServe's own batch() and unbatch() leave lists as they are."""
        return self.model.classify(texts)

    def encode_response(self, output: Answer) -> Answer:
        """Answer with it as it is."""
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
