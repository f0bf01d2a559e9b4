"""Fields and behaviour that several request bodies share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from runners.text.blank import is_blank
from samo import limits, options


def check_not_blank(text: str) -> str:
    """The text; raises pydantic's error if it has no visible character."""
    if is_blank(text):
        raise PydanticCustomError("blank_text", "Send at least one visible character")
    return text


JournalText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=limits.MAX_TEXT_CHARACTERS,
        description=f"The entry: 1 to {limits.MAX_TEXT_CHARACTERS} characters, at least one of "
        "them visible.",
        examples=["I finally saw my cousins after ten years and was so happy I cried."],
    ),
    AfterValidator(check_not_blank),
]
Threshold = Annotated[
    float,
    BeforeValidator(options.parse_number),
    Field(
        ge=0.0,
        le=1.0,
        description="One threshold for all labels; by default each label has its tuned threshold.",
    ),
]
TopK = Annotated[
    int,
    BeforeValidator(options.parse_integer),
    Field(ge=1, le=28, description="Return at most this many emotions, highest confidence first."),
]
WithGroupings = Annotated[
    bool,
    Field(
        description="Return Ekman's six emotions, sentiments and moods too. They have their own "
        "thresholds, which `threshold` and `top_k` do not change."
    ),
]


class RequestBody(BaseModel):
    """A JSON body. An option that is null or blank counts as left out.

    An unknown field is refused, because it may be a misspelled option.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_blank_options(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not any(map(options.is_blank, data.values())):
            return data
        return {
            name: value
            for name, value in data.items()
            if not options.is_blank(value)
            or name not in cls.model_fields
            or cls.model_fields[name].is_required()
        }
