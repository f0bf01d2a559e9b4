"""The Python client in both kinds, and a service that answers as a test says."""

from __future__ import annotations

import asyncio

import httpx
from samo_client import AsyncSamo


class Threadlike:
    """Calls the methods of an `AsyncSamo`, so that the same tests run with both clients."""

    def __init__(self, url, **options):
        self._runner = asyncio.Runner()
        self._client = AsyncSamo(url, **options)

    def __getattr__(self, name):
        method = getattr(self._client, name)
        return lambda *arguments, **options: self._runner.run(method(*arguments, **options))

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._runner.run(self._client.close())
        self._runner.close()


class Mock:
    """A service that answers with these statuses in turn, or raises these errors."""

    def __init__(self, *answers, **headers):
        self.requests = []
        self._answers, self._headers = list(answers), headers

    def __call__(self, request):
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if answer == 200:
            body = {"status": "ok", "version": "1", "models": {}, "uptime_seconds": 1}
            return httpx.Response(200, json=body)
        error = {"code": "overloaded", "message": "Wait.", "details": {}, "request_id": "r1"}
        return httpx.Response(answer, json={"error": error}, headers=self._headers)
