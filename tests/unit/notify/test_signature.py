"""Receivers verify webhooks with the libraries of Standard Webhooks."""

import pytest

from notify.signature import key_of, signature

# The example that those libraries test themselves with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, SENT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_it_is_the_signature_of_the_specification() -> None:
    assert signature([key_of(SECRET)], ID, SENT, BODY) == SIGNATURE


@pytest.mark.parametrize(
    ("id_", "sent", "body"), [("other", SENT, BODY), (ID, SENT + 1, BODY), (ID, SENT, BODY + b" ")]
)
def test_it_covers_id_time_and_every_byte_of_the_body(id_: str, sent: int, body: bytes) -> None:
    assert signature([key_of(SECRET)], id_, sent, body) != SIGNATURE


def test_while_a_secret_changes_both_keys_sign() -> None:
    new = key_of("AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKl")
    first, second = signature([new, key_of(SECRET)], ID, SENT, BODY).split(" ")
    assert second == SIGNATURE
    assert first == signature([new], ID, SENT, BODY)


def test_a_secret_needs_neither_prefix_nor_padding() -> None:
    assert key_of(SECRET) == key_of(SECRET.removeprefix("whsec_"))
    assert key_of("whsec_c2VjcmV0MQ==") == key_of("c2VjcmV0MQ") == b"secret1"


def test_what_is_no_base64_is_no_secret() -> None:
    with pytest.raises(ValueError, match="base64"):
        key_of("not a secret!")
