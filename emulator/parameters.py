"""Checks values of template parameters as CloudFormation does before it deploys anything (CloudFormation Template
Reference, "Parameters")."""

import re
from collections.abc import Mapping
from typing import Any


def refusal(declared: Mapping[str, Any], value: str) -> str | None:
    """Returns why a parameter with this declaration refuses the value, if possible in the template's own words. Returns
    None if it accepts it."""
    allowed = [str(each) for each in declared.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return _constraint(declared, f"must be one of {', '.join(allowed)}")
    if declared.get("Type") == "Number":
        return _number_refusal(declared, value)
    if not re.fullmatch(str(declared.get("AllowedPattern", ".*")), value):
        return _constraint(declared, f"must match {declared['AllowedPattern']}")
    return None


def _number_refusal(declared: Mapping[str, Any], value: str) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return "must be a number"
    least, most = float(declared.get("MinValue", "-inf")), float(declared.get("MaxValue", "inf"))
    return None if least <= number <= most else _constraint(declared, f"must be from {least:g} to {most:g}")


def _constraint(declared: Mapping[str, Any], otherwise: str) -> str:
    return str(declared.get("ConstraintDescription", otherwise)).rstrip(".")
