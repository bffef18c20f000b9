"""Who signs up shows by a mailed code that the address is theirs."""

import re

import boto3
import pytest
from botocore.exceptions import ClientError

from deployed.account_mails import account_mails
from deployed.stack import Details, Stack
from emulator import lifecycle
from tests.emulator.account import Account

PASSWORD = "Cartwheel-1"


class Pool:
    def __init__(self, account: Account) -> None:
        self.account, self.cognito = account, account.client("cognito-idp")
        self.id = self.cognito.create_user_pool(
            PoolName=account.name("pool"), UsernameAttributes=["email"], AutoVerifiedAttributes=["email"]
        )["UserPool"]["Id"]
        self.client_id = self.cognito.create_user_pool_client(UserPoolId=self.id, ClientName="shop")["UserPoolClient"][
            "ClientId"
        ]

    def signs_up(self, email: str) -> None:
        self.cognito.sign_up(ClientId=self.client_id, Username=email, Password=PASSWORD)

    def codes(self, email: str) -> list[str]:
        """Of all mails to this address, as `./shop mail` finds them."""
        running = self.account.running
        details = Details(
            api_url="http://localhost",
            endpoint_url=running.endpoint,
            region=lifecycle.REGION,
            stack_name="shop",
            user_pool_id=self.id,
            user_pool_client_id=self.client_id,
        )
        session = boto3.Session(running.access_key_id, running.secret_access_key, region_name=lifecycle.REGION)
        mails = account_mails(Stack(details, self.account.folder, session))
        return [code for mail in mails if mail.to == email for code in re.findall(r"\b\d{6}\b", mail.text)]

    def verified(self, email: str) -> bool:
        found = self.cognito.admin_get_user(UserPoolId=self.id, Username=email)
        return {"Name": "email_verified", "Value": "true"} in found["UserAttributes"]


@pytest.fixture
def pool(account: Account) -> Pool:
    return Pool(account)


def test_each_mail_has_a_code_of_its_own_and_the_last_one_confirms(pool: Pool) -> None:
    people = [f"{number}@example.com" for number in range(4)]
    for email in people:
        pool.signs_up(email)
    codes = [pool.codes(email) for email in people]
    assert [len(each) for each in codes] == [1, 1, 1, 1]
    assert len({code for (code,) in codes}) > 1
    pool.cognito.resend_confirmation_code(ClientId=pool.client_id, Username=people[0])
    code = pool.codes(people[0])[-1]
    assert not pool.verified(people[0])
    wrong = f"{(int(code) + 1) % 10**6:06}"
    with pytest.raises(ClientError, match="CodeMismatch"):
        pool.cognito.confirm_sign_up(ClientId=pool.client_id, Username=people[0], ConfirmationCode=wrong)
    pool.cognito.confirm_sign_up(ClientId=pool.client_id, Username=people[0], ConfirmationCode=code)
    assert pool.verified(people[0])


def test_a_forgotten_password_has_a_code_too(pool: Pool) -> None:
    codes = set()
    for number in range(4):
        email = f"forgetful-{number}@example.com"
        pool.signs_up(email)
        pool.cognito.confirm_sign_up(ClientId=pool.client_id, Username=email, ConfirmationCode=pool.codes(email)[0])
        pool.cognito.forgot_password(ClientId=pool.client_id, Username=email)
        codes.add(pool.codes(email)[-1])
        pool.cognito.confirm_forgot_password(
            ClientId=pool.client_id, Username=email, ConfirmationCode=pool.codes(email)[-1], Password="Cartwheel-2"
        )
    assert len(codes) > 1
