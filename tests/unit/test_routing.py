"""`json_endpoint` accepts only endpoints that `Route` can call directly."""

from __future__ import annotations

import pytest
from fastapi import Response

from samo.api.parameters import LoadedModels
from samo.api.routing import json_endpoint
from samo.api.schemas import PredictRequest


async def good(models: LoadedModels, body: PredictRequest) -> Response:
    return Response(f"{models} {body}")


async def without_body(models: LoadedModels) -> Response:
    return Response(f"{models}")


async def with_another_parameter(models: LoadedModels, body: PredictRequest, n: int) -> Response:
    return Response(f"{models} {body} {n}")


async def with_another_body(models: LoadedModels, body: dict[str, str]) -> Response:
    return Response(f"{models} {body}")


def test_models_and_a_body_are_accepted():
    assert json_endpoint(good) is good


@pytest.mark.parametrize("endpoint", [without_body, with_another_parameter, with_another_body])
def test_other_parameters_are_refused_at_import(endpoint):
    with pytest.raises(TypeError, match=endpoint.__name__):
        json_endpoint(endpoint)
