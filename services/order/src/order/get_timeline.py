"""GET /orders/{order_id}/timeline: what happened to an order, for its customer and for operators."""

from http import HTTPStatus
from typing import Any

from contracts.envelope import Envelope
from order import timeline_store
from order.access import named_order
from order.summary import summary
from shopkit.api import Request, Response, endpoint


@endpoint
def handler(request: Request) -> Response:
    order = named_order(request)
    events = [_shown(event) for event in timeline_store.events_of(order.order_id)]
    return Response(HTTPStatus.OK, {"order_id": order.order_id, "events": events})


def _shown(event: Envelope[Any]) -> dict[str, Any]:
    detail = event.model_dump(mode="json")
    return {
        "at": detail["occurred_at"],
        "source": event.source,
        "type": event.type,
        "event_id": detail["event_id"],
        "summary": summary(event.type, detail["data"]),
        "data": detail["data"],
    }
