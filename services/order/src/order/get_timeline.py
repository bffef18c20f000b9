"""GET /orders/{order_id}/timeline: what happened to an order, for its customer and for operators."""

from http import HTTPStatus

from order import timeline_store
from order.access import named_order
from order.summary import summary
from shopkit.api import Request, Response, endpoint


@endpoint
def handler(request: Request) -> Response:
    order = named_order(request)
    events = [
        {
            "at": event["occurred_at"],
            "source": event["source"],
            "type": event["type"],
            "event_id": event["event_id"],
            "summary": summary(event["type"], event["data"]),
            "data": event["data"],
        }
        for event in timeline_store.events_of(order.order_id)
    ]
    return Response(HTTPStatus.OK, {"order_id": order.order_id, "events": events})
