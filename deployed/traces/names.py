"""Short names for what is deployed: `order.place` for the function that CloudFormation named `shop-Order-…-Place-…`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from deployed.traces.xray import Segment

_SERVICES = {"dynamodb": "DynamoDB", "events": "EventBridge", "sns": "SNS", "sqs": "SQS", "cognito-idp": "Cognito"}
_HOST = re.compile(r"^https?://[^/]+(/[^/]+)?")
_ID = re.compile(r"/[A-Za-z]+_[0-9A-Za-z_-]{16,}")
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True)
class Names:
    """`paths` are the logical paths by physical id, for example Order/Place."""

    paths: Mapping[str, str]

    def of(self, physical_id: str) -> str:
        """Returns `order.place` for a function, `checkout` for a workflow, or the id itself if it is not deployed."""
        path = self.paths.get(physical_id)
        if path is None:
            return physical_id
        *service, name = path.split("/")
        words = _WORD.sub("_", name).lower()
        owner = "_".join(service).removesuffix("Service").lower()
        return words if owner == "workflows" else f"{owner}.{words}" if owner else words

    def table(self, physical_id: str) -> str:
        return self.paths.get(physical_id, physical_id).rpartition("/")[2]

    def service(self, name: str) -> str:
        """Returns the name of an AWS service as people write it."""
        return _SERVICES.get(name.lower(), name)

    def request(self, segment: Segment) -> str:
        """Returns the method and path of a request to the API. Ids are left out."""
        request = segment.http.get("request") or {}
        # On AWS it is a whole URL, with the stage before the path.
        path = _HOST.sub("", str(request.get("url", "")).partition("?")[0])
        return f"{request.get('method', '')} {_ID.sub('/…', path) or '/'}".strip()

    def same_service(self, function: str, table: str) -> bool:
        """Returns whether both belong to one nested stack."""
        one, other = self.paths.get(function, ""), self.paths.get(table, "")
        return bool(one) and one.rpartition("/")[0] == other.rpartition("/")[0]
