"""How groups of settings are checked and described: no unknown key, no change afterwards, a schema with plain words."""

from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationInfo, field_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Strict(BaseModel):
    """A group of settings."""

    # What a docstring says of a setting, editors and Dagster's documentation say as well.
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @field_validator("*", mode="before")
    @classmethod
    def _take_truth_for_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what pydantic would take for 1 and 0: `history_days: true` does not mean a day."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError(f"something else than {str(value).lower()} is wanted")
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say "of this kind, or nothing" without alternatives, of which checkers only say that none fits."""
        schema = handler(core_schema)
        for described in handler.resolve_ref_schema(schema).get("properties", {}).values():
            match described:
                case {"anyOf": [{"type": kind, **limits}, {"type": "null"}]}:
                    del described["anyOf"]
                    described |= {**limits, "type": [kind, "null"]}
        return schema
