"""Whether something keeps to its schema.

The libraries are imported when that is first asked. They make grammars and hundreds of models, which takes
seconds, and every worker of pytest imports all files of tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OF_THE_OPERATOR = ("PrometheusRule", "ServiceMonitor")
"""The kinds of objects that are the Prometheus Operator's, and that it is known here what they have."""


def mistakes(content: Any, schema: dict[str, Any]) -> list[str]:
    """Return what is wrong with it by a JSON schema, which is itself one that is valid."""
    from jsonschema.validators import validator_for

    kind = validator_for(schema)
    kind.check_schema(schema)
    return [error.message for error in kind(schema).iter_errors(content)]


def require_kubernetes(manifest: Mapping[str, Any]) -> None:
    """Fail where a manifest is not valid by the schemas of Kubernetes' newest API, or has more than these."""
    import kubernetes_validate  # type: ignore[import-untyped]  # it comes without types

    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def known_to_the_operator(content: Mapping[str, Any]) -> Any:
    """Return what its schema knows of such an object; what that has besides is left out."""
    from cloudcoil.models.prometheus_operator import v1

    model = getattr(v1, content["kind"]).model_validate(content)
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


def mistake_in_bill(text: str) -> object:
    """Return what is wrong with a bill of materials by CycloneDX 1.5, None where nothing is."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    return JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
