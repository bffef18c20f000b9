"""Where others stand in a request's way the answer is 503 `busy`, with a time to come back; never a 500."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from shopkit.api import Request, Response, endpoint
from shopkit.optimistic import Contended
from shopkit.rows import Unreadable
from tests.support.api_gateway import ALICE, Answer, call


def answer_to(error: Exception) -> Answer:
    @endpoint
    def handler(_request: Request) -> Response:
        raise error

    return call(handler, "/", caller=ALICE)


def refusal(code: str, *reasons: str) -> ClientError:
    said: Any = {"Error": {"Code": code, "Message": "no"}}
    if reasons:
        said["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(said, "PutItem")


@pytest.mark.parametrize(
    "error",
    [
        Contended("ord_1"),
        refusal("ThrottlingException"),
        refusal("ProvisionedThroughputExceededException"),
        refusal("RequestLimitExceeded"),
        refusal("TransactionConflictException"),
        refusal("TransactionInProgressException"),
        refusal("TransactionCanceledException", "None", "TransactionConflict"),
        refusal("TransactionCanceledException", "ThrottlingError", "None"),
        refusal("TransactionCanceledException", "ProvisionedThroughputExceeded"),
    ],
    ids=str,
)
def test_others_in_the_way_are_a_503_with_a_time_to_come_back(error: Exception) -> None:
    answer = answer_to(error)
    assert (answer.status, answer.body["type"]) == (503, "urn:cartwheel:problem:busy")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    "error",
    [
        refusal("AccessDeniedException"),
        refusal("ValidationException"),
        refusal("TransactionCanceledException", "ValidationError"),
        KeyError("x"),
    ],
    ids=str,
)
def test_what_no_repetition_heals_is_no_503(error: Exception) -> None:
    answer = answer_to(error)
    assert (answer.status, answer.body["type"]) == (500, "urn:cartwheel:problem:internal-error")
    assert "Retry-After" not in answer.headers


def test_a_row_that_cannot_be_read_is_in_the_way_of_a_change(caplog: pytest.LogCaptureFixture) -> None:
    answer = answer_to(Unreadable("product#MUG"))
    assert (answer.status, answer.body["type"]) == (409, "urn:cartwheel:problem:unreadable")
    assert "product#MUG" in [vars(record).get("row") for record in caplog.records]
