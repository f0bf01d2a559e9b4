"""Short-lived tokens: signed, and valid for a short time."""

from __future__ import annotations

import time

import pytest

from samo.access.tokens import PREFIX, Token, TokenSigner

SESSION = {"type": "transcription"}


def test_a_token_says_who_asked_for_it():
    signer = TokenSigner()
    value, expires_at = signer.issue("phone", SESSION, 60)
    assert value.startswith(PREFIX)
    assert set(value) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert expires_at - time.time() == pytest.approx(60, abs=2)
    token = signer.verify(value)
    assert token == Token("phone", SESSION)


def test_it_expires(monkeypatch):
    signer = TokenSigner()
    value, expires_at = signer.issue(None, SESSION, 10)
    monkeypatch.setattr(time, "time", lambda: expires_at - 0.1)
    assert signer.verify(value) is not None
    monkeypatch.setattr(time, "time", lambda: expires_at)
    assert signer.verify(value) is None


def test_instances_share_a_secret():
    value, _ = TokenSigner("s" * 32).issue("phone", SESSION, 60)
    assert TokenSigner("s" * 32).verify(value) is not None
    assert TokenSigner("t" * 32).verify(value) is None
    assert TokenSigner().verify(value) is None


@pytest.mark.parametrize("change", [
    lambda value: value[:-2],
    lambda value: value.replace(".", "..", 1),
    lambda value: f"{value}A",
    lambda value: value.partition(".")[0],
    lambda value: PREFIX,
    lambda value: f"{PREFIX}é.é",
    lambda value: PREFIX + value[len(PREFIX) + 4:],
])  # fmt: skip
def test_a_changed_token_is_invalid(change):
    signer = TokenSigner()
    value, _ = signer.issue("phone", SESSION, 60)
    assert signer.verify(change(value)) is None
