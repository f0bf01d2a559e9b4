"""FastAPI and ONNX Runtime as people write it: a sync endpoint, a text a call, no batching."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from loadtests.peers.model import Answer, EmotionModel, port

app = FastAPI()
model = EmotionModel()


class PredictRequest(BaseModel):
    """A text."""

    text: str


@app.post("/predict")
def predict(request: PredictRequest) -> Answer:
    """FastAPI runs a sync endpoint in a thread of its pool."""
    return model.classify([request.text])[0]


if __name__ == "__main__":
    uvicorn.run(app, port=port(), log_level="warning")  # with uvloop and httptools
