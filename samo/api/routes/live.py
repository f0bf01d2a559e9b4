"""Live speech: OpenAI's realtime transcription over a WebSocket, with emotions and an insight."""

from __future__ import annotations

import contextlib
from typing import Final

from fastapi import APIRouter, Response, WebSocket
from starlette.websockets import WebSocketDisconnect

from runners.errors import SamoError, UpgradeRequired
from samo.access.middleware import CHECK_COMPUTING, TOKEN_SESSION
from samo.access.tokens import issue_token
from samo.api import responses, schemas
from samo.api.form_fields import KNOWN_FIELDS, refusal, unknown_field
from samo.api.parameters import CallersModels, LoadedModels, models_for
from samo.api.routing import Route, json_endpoint
from samo.api.serialization import json_response
from samo.api.stopwatch import Stopwatch
from samo.http.draining import when_stopping
from samo.http.envelope import error_response
from samo.insight.results import Insight
from samo.live import server_events
from samo.live.analysis import SessionAnalysis
from samo.live.config import SessionConfig
from samo.live.conversation import Conversation, no_limit
from samo.live.endings import TOO_MANY, Ending
from samo.live.session import LiveSession
from samo.live.socket import Limits
from samo.monitoring import metrics
from samo.monitoring.request_record import note_refusal
from samo.settings import Settings

router = APIRouter(
    route_class=Route,
    prefix="/v1",
    tags=["live"],
    responses={
        "4XX": {"model": schemas.OpenAIErrorEnvelope},
        "5XX": {"model": schemas.OpenAIErrorEnvelope},
    },
)

_INTENT: Final = "transcription"
# The subprotocol that OpenAI's browser clients ask for besides their key; a server has to confirm
# one of those that were asked for.
_SUBPROTOCOL: Final = "realtime"
_QUERY: Final = ("intent", "model")
_REFUSED_IN_QUERY: Final = {
    "api_key": "Proxies log addresses: send the key as a header or a subprotocol",
    "call_id": "There are no calls here: leave it out",
}


@router.get("/realtime", include_in_schema=False)
async def realtime(_models: LoadedModels) -> Response:
    """A plain request where a WebSocket belongs."""
    raise UpgradeRequired(
        "Live speech needs a WebSocket: connect to ws://HOST/v1/realtime?intent=transcription."
    )


@router.post("/realtime/client_secrets", response_model=schemas.ClientSecretResponse)
@json_endpoint
async def client_secrets(_models: CallersModels, body: schemas.ClientSecretRequest) -> Response:
    """Create a token with which a browser opens live sessions during the next minute.

    Live speech is a WebSocket at `/v1/realtime?intent=transcription`, which OpenAPI cannot
    describe. Browsers send the token as the subprotocol `openai-insecure-api-key.TOKEN`, next to
    the subprotocol `realtime`; other clients send their key as for the other routes. The events are
    those of OpenAI's realtime transcription: the client sends `session.update`,
    `input_audio_buffer.append`, `.commit`, `.clear` and `session.close`. The service sends the text
    while it is spoken (`conversation.item.input_audio_transcription.delta`), the transcript of each
    turn (`.completed`) and its emotions (`samo.emotions`), and at the end the insight of all turns
    (`samo.insight`). docs/live.md explains the events and their limits.
    """
    _refuse_user_text(body.session)
    session = body.session.model_dump(exclude_unset=True)
    value, expires_at = issue_token.get()(session, body.expires_after.seconds)
    shown = LiveSession(SessionConfig.default().updated(body.session)).description
    return json_response(
        schemas.ClientSecretResponse(value=value, expires_at=expires_at, session=shown)
    )


@router.websocket("/realtime")
async def live(websocket: WebSocket) -> None:
    """One live session."""
    error = _query_error(websocket)
    if error is not None:
        await error_response(error)(websocket.scope, websocket.receive, websocket.send)
        return
    accepted = _SUBPROTOCOL if _SUBPROTOCOL in websocket.scope["subprotocols"] else None
    await websocket.accept(subprotocol=accepted)
    socket = _Socket(websocket)
    with websocket.app.state.live_slots.take() as is_free:
        if not is_free:
            await _refuse(socket, TOO_MANY)
            return
        conversation = _conversation(websocket, socket)
        with when_stopping(conversation.stop):
            await conversation.run()


async def _refuse(socket: _Socket, ending: Ending) -> None:
    """Close an accepted connection with an error, which is counted and logged like a response's."""
    metrics.errors.labels(ending.reason).inc()
    note_refusal(ending.reason)
    with contextlib.suppress(ConnectionError):
        await socket.send(server_events.Error(error=ending.error).to_json())
    await socket.close(ending.code, ending.reason)


def _conversation(websocket: WebSocket, socket: _Socket) -> Conversation:
    models = models_for(websocket)
    settings: Settings = websocket.app.state.settings
    transcriber = models.pipeline.live_transcriber
    assert transcriber is not None  # noqa: S101  # without one there is no free slot

    def render(insight: Insight) -> dict[str, object]:
        response = responses.insight(insight, models.tags, Stopwatch())
        return response.model_dump(mode="json", exclude_unset=True)

    config = SessionConfig.default()
    if (wished := websocket.scope.get(TOKEN_SESSION)) is not None:
        config = config.updated(SessionConfig.model_validate(wished))
    return Conversation(
        socket,
        LiveSession(config),
        transcriber,
        SessionAnalysis(models.pipeline, render),
        Limits(settings.max_live_seconds, settings.live_idle_seconds),
        websocket.scope.get(CHECK_COMPUTING, no_limit),
    )


class _Socket:
    """Starlette's WebSocket as a conversation sees it."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def receive(self) -> str | bytes | None:
        """The next message; None when the client has disconnected."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | None = message.get("text")
        return message.get("bytes") if text is None else text

    async def send(self, message: str) -> None:
        """Send a message. Raises ConnectionError when the client has disconnected."""
        try:
            await self._websocket.send_text(message)
        except (WebSocketDisconnect, RuntimeError):  # RuntimeError: a close was already sent
            raise ConnectionError from None

    async def close(self, code: int, reason: str) -> None:
        """Close the connection."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._websocket.close(code, reason)


def _query_error(websocket: WebSocket) -> SamoError | None:
    """What is wrong with the query of a handshake."""
    query = websocket.query_params
    for name, message in _REFUSED_IN_QUERY.items():
        if name in query:
            return refusal(name, message)
    for name in query:
        if name in KNOWN_FIELDS and name not in _QUERY:
            return refusal(name, "Send it with session.update, not in the query string")
        if name not in _QUERY:
            problem = unknown_field(name, _QUERY)
            message = f"{problem['message']}: the query takes {' and '.join(_QUERY)}"
            return refusal(problem["field"], message)
    if query.get("intent") != _INTENT:
        return refusal("intent", "Must be transcription: this service does not converse")
    return None


def _refuse_user_text(session: SessionConfig) -> None:
    transcription = session.audio.input.transcription
    for name in ("prompt", "keywords"):
        if getattr(transcription, name):
            raise refusal(
                f"session.audio.input.transcription.{name}",
                "A token is signed, not encrypted: send it with session.update",
            )
