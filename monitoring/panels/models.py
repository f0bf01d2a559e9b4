"""What the models compute, and what they find."""

from __future__ import annotations

from typing import Final

from monitoring.panel import Panel, Query, Row
from monitoring.promql import JOB, mean, quantile, rate

MODELS: Final = Row(
    "Models",
    (
        Panel(
            "Computing",
            "Seconds of computing per second: the mean number of batches at the same time.",
            (Query(rate("samo_batch_seconds_sum", "model"), "{{model}}"),),
        ),
        Panel(
            "Seconds per batch, p95",
            "95 % of the batches took less.",
            (Query(quantile(0.95, "samo_batch_seconds", "model"), "{{model}}"),),
            "s",
        ),
        Panel(
            "Items per batch",
            "Mean number of items that were computed together.",
            (Query(mean("samo_batch_items", "model"), "{{model}}"),),
        ),
        Panel(
            "Queue",
            "Items that wait for a batch.",
            (Query(f"sum by (model) (samo_queue_length{{{JOB}}})", "{{model}}"),),
        ),
        Panel(
            "Wait in the queue, p95",
            "95 % of the requests waited less for a model. Above 20 s for texts and 60 s for "
            "recordings they are refused.",
            (Query(quantile(0.95, "samo_queue_wait_seconds", "model"), "{{model}}"),),
            "s",
        ),
        Panel(
            "Tokens",
            "Input tokens per second.",
            (Query(rate("samo_tokens_total", "model"), "{{model}}"),),
        ),
    ),
)

RESULTS: Final = Row(
    "Speech and emotions",
    (
        Panel(
            "Audio",
            "Seconds of audio transcribed per second.",
            (Query(rate("samo_audio_seconds_total"), "audio"),),
        ),
        Panel(
            "Real-time factor",
            "Seconds of computing per second of audio.",
            (
                Query(quantile(0.5, "samo_transcription_real_time_factor"), "p50"),
                Query(quantile(0.95, "samo_transcription_real_time_factor"), "p95"),
            ),
        ),
        Panel(
            "Emotions",
            "Share of each label among the emotions that were decided, the ten most frequent.",
            (
                Query(
                    f"topk(10, {rate('samo_emotions_total', 'label')} / ignoring(label) "
                    f"group_left {rate('samo_emotions_total')})",
                    "{{label}}",
                ),
            ),
            "percentunit",
        ),
        Panel(
            "Confidence",
            "Confidence of the first emotion of a text or entry.",
            (
                Query(quantile(0.1, "samo_emotion_confidence"), "p10"),
                Query(quantile(0.5, "samo_emotion_confidence"), "p50"),
                Query(mean("samo_emotion_confidence"), "mean"),
            ),
            "percentunit",
        ),
    ),
)
