"""The settings of traces, by OpenTelemetry's own variables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from runners.errors import StartError

_PROTOCOL: Final = "http/protobuf"


class TracingSettings(BaseSettings):
    """Whether traces are sent. OpenTelemetry's SDK reads all its other variables itself."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)

    endpoint: str | None = Field(
        default=None,
        validation_alias=AliasChoices(
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"
        ),
        description="Where traces are sent, such as 'http://localhost:4318'. Unset: nowhere.",
    )
    protocol: str = Field(
        default=_PROTOCOL,
        validation_alias=AliasChoices(
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"
        ),
        description="The protocol; only 'http/protobuf'.",
    )
    exporter: str = Field(
        default="otlp",
        validation_alias="OTEL_TRACES_EXPORTER",
        description="'none' sends no traces.",
    )
    certificate: Path | None = Field(
        default=None,
        validation_alias=AliasChoices(
            "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"
        ),
        description="File of the authority that signed the collector's certificate.",
    )
    client_certificate: Path | None = Field(
        default=None,
        validation_alias=AliasChoices(
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"
        ),
        description="File of the certificate that the service shows to the collector.",
    )
    client_key: Path | None = Field(
        default=None,
        validation_alias=AliasChoices(
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY"
        ),
        description="File of the key of that certificate.",
    )
    disabled: bool = Field(
        default=False, validation_alias="OTEL_SDK_DISABLED", description="'true' sends no traces."
    )

    @property
    def enabled(self) -> bool:
        """Whether traces are sent."""
        return self.endpoint is not None and self.exporter != "none" and not self.disabled

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Refuse what the service cannot do, unless no traces are sent anyway."""
        if not self.enabled:
            return self
        if self.exporter != "otlp":
            raise ValueError("OTEL_TRACES_EXPORTER cannot be used: set it to 'otlp' or 'none'.")
        if self.protocol != _PROTOCOL:
            raise ValueError(
                "OTEL_EXPORTER_OTLP_PROTOCOL cannot be used: only 'http/protobuf' is supported. "
                "Set it to that, and the endpoint to the collector's HTTP port, usually 4318."
            )
        if not _is_http_address(self.endpoint or ""):
            raise ValueError(
                "OTEL_EXPORTER_OTLP_ENDPOINT cannot be used: an endpoint is http://host:4318 or "
                "https://host:4318."
            )
        for name in ("certificate", "client_certificate", "client_key"):
            file: Path | None = getattr(self, name)
            if file is not None and not os.access(file, os.R_OK):
                raise ValueError(
                    f"OTEL_EXPORTER_OTLP_{name.upper()} cannot be used: the file cannot be read."
                )
        return self

    @classmethod
    def load(cls) -> TracingSettings:
        """Read the environment.

        Raises:
            StartError: A variable has a value that cannot be used; the message names it.
        """
        try:
            return cls()
        except ValidationError as error:
            raise StartError(
                "\n".join(
                    ": ".join(str(part) for part in (*problem["loc"], _message(problem["msg"])))
                    for problem in error.errors(include_url=False, include_input=False)
                )
            ) from None


def _is_http_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises an error if it is no number
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _message(text: str) -> str:
    return text.removeprefix("Value error, ")
