"""FastAPI and ONNX Runtime in the usual way: a sync endpoint, one text per call, no batching."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from loadtests.peers.model import EmotionModel, Prediction, port

app = FastAPI()
model = EmotionModel()


class PredictRequest(BaseModel):
    """The request body."""

    text: str


@app.post("/predict")
def predict(request: PredictRequest) -> Prediction:
    """Classify a text in a thread of FastAPI's pool."""
    return model.classify([request.text])[0]


if __name__ == "__main__":
    uvicorn.run(app, port=port(), log_level="warning")  # with uvloop and httptools
