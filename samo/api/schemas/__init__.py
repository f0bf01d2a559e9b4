"""The bodies of requests and responses, a module for each subject. `samo.limits` has the limits."""

from samo.api.schemas.errors import (
    ErrorBody,
    ErrorEnvelope,
    OpenAIErrorBody,
    OpenAIErrorEnvelope,
)
from samo.api.schemas.insight import (
    ArcPoint,
    EmotionAnalysis,
    InsightResponse,
    JournalRequest,
    WholeEmotion,
)
from samo.api.schemas.jobs import JobError, JobProgress, JobResponse
from samo.api.schemas.live import ClientSecretRequest, ClientSecretResponse
from samo.api.schemas.operations import (
    HealthResponse,
    ModelStatus,
    ReadinessResponse,
)
from samo.api.schemas.speech import (
    RecordingGap,
    SpokenLanguage,
    TimeSpan,
    TranscriptionResponse,
    TranscriptSegment,
    WordTiming,
)
from samo.api.schemas.text import (
    BatchItem,
    BatchItemError,
    EmotionExplanation,
    EmotionScore,
    ExplainedWord,
    Groupings,
    GroupScore,
    PredictBatchRequest,
    PredictBatchResponse,
    PredictRequest,
    PredictResponse,
    SummarizeRequest,
    SummarizeResponse,
    SummaryResponse,
)

__all__ = [
    "ArcPoint",
    "BatchItem",
    "BatchItemError",
    "ClientSecretRequest",
    "ClientSecretResponse",
    "EmotionAnalysis",
    "EmotionExplanation",
    "EmotionScore",
    "ErrorBody",
    "ErrorEnvelope",
    "ExplainedWord",
    "GroupScore",
    "Groupings",
    "HealthResponse",
    "InsightResponse",
    "JobError",
    "JobProgress",
    "JobResponse",
    "JournalRequest",
    "ModelStatus",
    "OpenAIErrorBody",
    "OpenAIErrorEnvelope",
    "PredictBatchRequest",
    "PredictBatchResponse",
    "PredictRequest",
    "PredictResponse",
    "ReadinessResponse",
    "RecordingGap",
    "SpokenLanguage",
    "SummarizeRequest",
    "SummarizeResponse",
    "SummaryResponse",
    "TimeSpan",
    "TranscriptSegment",
    "TranscriptionResponse",
    "WholeEmotion",
    "WordTiming",
]
