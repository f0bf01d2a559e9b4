"""The transcriber: Whisper, voice activity and word times."""
