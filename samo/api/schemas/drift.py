"""Drift of the texts and recordings."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class DriftBin(BaseModel):
    """A bin of a feature."""

    name: str = Field(description="A category, or the upper end of an interval.")
    reference: float = Field(description="Its share of the reference.")
    window: float = Field(description="Its share of the window.")


class DriftFeature(BaseModel):
    """The window of a feature, compared with its reference."""

    name: str
    alarm: bool = Field(description="The score and the p-value both pass their limit.")
    since: str | None = Field(description="When the alarm began, in UTC; null without an alarm.")
    score: float | None = Field(
        description="PSI; for `logits` the squared Mahalanobis distance of the means. Null before "
        "the first comparison, as the next three."
    )
    p_value: float | None = Field(
        description="Probability of such a difference if nothing changed: Kolmogorov-Smirnov test "
        "for intervals, G-test for categories, chi-square test for `logits`."
    )
    kolmogorov_smirnov: float | None = Field(
        description="Largest difference of the cumulative shares; null for categories and `logits`."
    )
    jensen_shannon: float | None = Field(description="In bits, 0 to 1; null for `logits`.")
    bins: list[DriftBin] = Field(description="Empty for `logits`.")


class DriftWindow(BaseModel):
    """The last texts, or the last recordings."""

    size: int = Field(description="Observations of a full window.")
    count: int = Field(description="Observations in it; it grows by a tenth of `size` at a time.")
    pending: int = Field(
        description="Observations of this instance that are not in the window yet; at a tenth of "
        "`size` they join it, and the window is compared."
    )
    reference_count: int = Field(description="Observations in the reference.")
    features: list[DriftFeature]


class DriftResponse(BaseModel):
    """Whether texts and recordings still look like the reference."""

    state: Literal["on", "off"]
    reason: str | None = Field(description="Why it is off, and what to do.")
    alarms: list[str] = Field(description="The features with an alarm.")
    threshold: float = Field(description="Smallest score of an alarm.")
    significance: float = Field(description="An alarm's p-value is below it.")
    shared: bool = Field(description="Whether the windows are those of all instances.")
    source: str | None = Field(description="What the reference was made from.")
    windows: dict[Literal["texts", "recordings"], DriftWindow] = Field(
        description="Empty if it is off."
    )
