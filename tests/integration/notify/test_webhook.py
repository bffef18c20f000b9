"""Whoever follows orders by webhook hears of each change at least once, signed, and in order."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contracts.envelope import Envelope
from notify import endpoint, store
from shopkit import clock
from shopkit.dynamodb import from_item
from tests.integration.notify.conftest import SECRET, Surroundings, confirmed, deliver, placed, post
from tests.support.receiver import Receiver, Trouble, receiver

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("shop")]

ANOTHER_SECRET = "whsec_C2FVuQCo9Q2fGuQw5bWQZ2Yy"


@pytest.fixture
def other_side(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiver() as found:
        monkeypatch.setenv("WEBHOOK_URL", found.url)
        yield found


def row_of(event: Envelope[Any], shop: Surroundings) -> dict[str, Any] | None:
    key = {"pk": {"S": f"{event.event_id}#webhook"}}
    item = boto3.client("dynamodb").get_item(TableName=shop.table, Key=key).get("Item")
    return from_item(item) if item else None


def test_the_event_arrives_signed(shop: Surroundings, other_side: Receiver) -> None:
    event = placed("customer")
    assert post(event) == []
    (request,) = other_side.requests
    assert request.path == "/orders?shop=1"
    assert request.headers["Content-Type"] == "application/json"
    assert request.id == str(event.event_id)
    assert request.is_signed_with(f"whsec_{SECRET}")
    assert not request.is_signed_with(ANOTHER_SECRET)
    published = event.as_published()["detail"]
    assert request.message == {
        "type": "OrderPlaced",
        "timestamp": published["occurred_at"],
        "event_id": str(event.event_id),
        "version": 1,
        "entity_version": 1,
        "correlation_id": "ord_1",
        "data": published["data"],
    }
    row = row_of(event, shop)
    assert row is not None
    assert (row["status"], row["receipt"], row["channel"], row["order_id"]) == ("SENT", "200", "webhook", "ord_1")


def test_an_event_delivered_three_times_is_one_request(other_side: Receiver) -> None:
    event = placed("customer")
    for _ in range(3):
        assert post(event) == []
    assert len(other_side.requests) == 1


def test_mail_and_webhook_do_not_know_of_each_other(shop: Surroundings, other_side: Receiver) -> None:
    event = placed(shop.customer("ada@example.com"))
    other_side.has_trouble_with("ord_1", 500)
    assert post(event) == [str(event.event_id)]
    assert deliver(event) == []
    assert post(event, attempt=2) == []
    assert {row["pk"]: row["status"] for row in shop.notifications()} == {
        f"{event.event_id}#email": "KEPT",
        f"{event.event_id}#webhook": "SENT",
    }


@pytest.mark.parametrize("trouble", [500, 503, 429, 410, 404, 400, 302, 308, "hangs", "hangs up"])
def test_whatever_goes_wrong_the_event_is_posted_again_signed_anew(
    other_side: Receiver, monkeypatch: pytest.MonkeyPatch, trouble: Trouble
) -> None:
    monkeypatch.setattr(endpoint, "_ANSWER_SECONDS", 0.2)
    event, now = placed("customer"), clock.now()
    other_side.has_trouble_with("ord_1", trouble)
    assert post(event) == [str(event.event_id)]
    assert len(other_side.requests) == 1, "a redirect is not followed, and nothing but the queue repeats"

    later = now + timedelta(minutes=10)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert post(event, attempt=2) == []
    first, second = other_side.requests
    assert (second.id, second.body) == (first.id, first.body)
    assert second.is_signed_with(SECRET, at=later.timestamp())
    assert not first.is_signed_with(SECRET, at=later.timestamp()), "an old request is no use"


def test_where_nobody_listens_the_event_goes_back_to_the_queue(
    shop: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiver() as gone:
        monkeypatch.setenv("WEBHOOK_URL", gone.url)
    event = placed("customer")
    assert post(event) == [str(event.event_id)]
    row = row_of(event, shop)
    assert row is not None
    assert row["status"] == "SENDING"


def test_by_https_only_a_server_that_can_prove_its_name_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    event = placed("customer")
    with receiver(tls) as other_side:
        monkeypatch.setenv("WEBHOOK_URL", other_side.url)
        assert post(event) == [str(event.event_id)]
        assert other_side.requests == []

        monkeypatch.setattr(endpoint, "_tls", lambda: ssl.create_default_context(cafile=str(certificate)))
        assert post(event, attempt=2) == []
        assert other_side.accepted_types("ord_1") == ["OrderPlaced"]


def self_signed(folder: Path) -> Path:
    """A certificate of 127.0.0.1 that nobody trusts, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), clock.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    addresses = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    certificate = (
        builder.not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(addresses, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "certificate.pem"
    file.write_bytes(certificate.public_bytes(pem) + private)
    return file


def test_a_failing_order_holds_back_only_itself(other_side: Receiver) -> None:
    first, second = placed("customer", "ord_ada"), confirmed("customer", "ord_ada")
    other_side.has_trouble_with("ord_ada", 500)

    back = post(first, placed("customer", "ord_bob"), second, confirmed("customer", "ord_bob"))

    assert back == [str(first.event_id), str(second.event_id)]
    assert other_side.accepted_types("ord_bob") == ["OrderPlaced", "OrderConfirmed"]
    held_back = [(request.type, request.status) for request in other_side.about("ord_ada")]
    assert held_back == [("OrderPlaced", 500)], "the second may not overtake the first"
    assert post(first, second, attempt=2) == []
    assert other_side.accepted_types("ord_ada") == ["OrderPlaced", "OrderConfirmed"]


def test_a_crash_between_request_and_record_repeats_the_event_with_its_id(
    shop: Surroundings, other_side: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, really_save = placed("customer"), store.save

    def save_but_no_outcome(after: Any, before: Any) -> None:
        if after.done:
            raise RuntimeError("crash")
        really_save(after, before)

    monkeypatch.setattr(store, "save", save_but_no_outcome)
    assert post(event) == [str(event.event_id)]
    monkeypatch.setattr(store, "save", really_save)
    assert post(event, attempt=2) == []
    first, second = other_side.accepted
    assert (first.id, first.body) == (second.id, second.body)
    row = row_of(event, shop)
    assert row is not None
    assert (row["status"], row["version"]) == ("SENT", 1)


def test_after_the_last_attempt_the_failure_is_recorded_and_a_redrive_heals_it(
    shop: Surroundings, other_side: Receiver
) -> None:
    event = placed("customer")
    other_side.has_trouble_with("ord_1", 500, 500, 503)
    for attempt in (1, 2, 3):
        assert post(event, attempt=attempt) == [str(event.event_id)]
    failed = row_of(event, shop)
    assert failed is not None
    assert (failed["status"], failed["reason"], failed["version"]) == ("FAILED", "HTTP 503", 1)

    assert post(event) == []
    healed = row_of(event, shop)
    assert healed is not None
    assert (healed["status"], healed["receipt"], healed["version"]) == ("SENT", "200", 2)
    assert "reason" not in healed


def test_where_nobody_listens_the_failure_names_no_address(shop: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as gone:
        monkeypatch.setenv("WEBHOOK_URL", gone.url)
    event = placed("customer")
    assert post(event, attempt=3) == [str(event.event_id)]
    failed = row_of(event, shop)
    assert failed is not None
    assert (failed["status"], failed["reason"]) == ("FAILED", "ConnectionRefusedError")


def test_while_the_secret_changes_both_are_good_for_a_day(
    shop: Surroundings, other_side: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = clock.now()
    boto3.client("secretsmanager").put_secret_value(SecretId=shop.secret, SecretString=ANOTHER_SECRET)
    answers = {}
    for order_id, age in {"soon": timedelta(minutes=6), "later": timedelta(hours=25)}.items():
        monkeypatch.setattr(clock, "now", lambda age=age: changed + age)
        assert post(placed("customer", order_id)) == []
        request, at = other_side.requests[-1], (changed + age).timestamp()
        answers[order_id] = [request.is_signed_with(secret, at=at) for secret in (SECRET, ANOTHER_SECRET)]
    assert answers == {"soon": [True, True], "later": [False, True]}


def test_the_secret_is_read_once_in_five_minutes(
    shop: Surroundings, other_side: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now().replace(minute=0, second=0, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: start)
    assert post(placed("customer", "before")) == []
    boto3.client("secretsmanager").put_secret_value(SecretId=shop.secret, SecretString=ANOTHER_SECRET)
    assert post(placed("customer", "at once")) == []
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=5))
    assert post(placed("customer", "noticed")) == []
    signed = {request.order_id: request.headers["webhook-signature"].count("v1,") for request in other_side.requests}
    assert signed == {"before": 1, "at once": 1, "noticed": 2}
