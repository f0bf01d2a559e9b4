"""Live speech: a conversation of events over a WebSocket, in OpenAI's realtime protocol."""
