"""Who differs in case alone is one user, where the pool says so."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.account import Account

PASSWORD = "Cartwheel-1"
STORED, TYPED = "Ada@Example.com", "aDA@exAMPLE.COM"


class Pool:
    def __init__(self, account: Account, *, case_sensitive: bool) -> None:
        self.cognito = account.client("cognito-idp")
        self.id = self.cognito.create_user_pool(
            PoolName=account.name("pool"),
            UsernameAttributes=["email"],
            UsernameConfiguration={"CaseSensitive": case_sensitive},
        )["UserPool"]["Id"]
        self.client_id = self.cognito.create_user_pool_client(
            UserPoolId=self.id, ClientName="shop", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]

    def adds(self, email: str) -> None:
        self.cognito.admin_create_user(
            UserPoolId=self.id,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": "email", "Value": email}],
        )
        self.cognito.admin_set_user_password(UserPoolId=self.id, Username=email, Password=PASSWORD, Permanent=True)

    def signs_up(self, email: str) -> None:
        self.cognito.sign_up(ClientId=self.client_id, Username=email, Password=PASSWORD)

    def signs_in(self, email: str) -> bool:
        answer = self.cognito.initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH",
            ClientId=self.client_id,
            AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
        )
        return "IdToken" in answer["AuthenticationResult"]

    def knows(self, email: str) -> Any:
        return self.cognito.admin_get_user(UserPoolId=self.id, Username=email)


def test_another_case_is_the_same_account(account: Account) -> None:
    pool = Pool(account, case_sensitive=False)
    pool.adds(STORED)
    assert pool.signs_in(TYPED)
    assert pool.knows(TYPED) | {"ResponseMetadata": None} == pool.knows(STORED) | {"ResponseMetadata": None}
    assert {"Name": "email", "Value": STORED} in pool.knows(TYPED)["UserAttributes"]
    for again in (pool.adds, pool.signs_up):
        with pytest.raises(pool.cognito.exceptions.UsernameExistsException):
            again(TYPED)
    assert len(pool.cognito.list_users(UserPoolId=pool.id)["Users"]) == 1
    pool.cognito.admin_delete_user(UserPoolId=pool.id, Username=TYPED)
    with pytest.raises(pool.cognito.exceptions.UserNotFoundException):
        pool.knows(STORED)


def test_who_signs_up_can_be_found_by_another_case(account: Account) -> None:
    pool = Pool(account, case_sensitive=False)
    pool.signs_up(STORED)
    pool.cognito.admin_confirm_sign_up(UserPoolId=pool.id, Username=TYPED)
    assert pool.signs_in(STORED.lower())


def test_a_pool_that_tells_case_apart_still_does(account: Account) -> None:
    pool = Pool(account, case_sensitive=True)
    pool.adds(STORED)
    with pytest.raises(ClientError):
        pool.signs_in(TYPED)
    pool.adds(TYPED)
    assert len(pool.cognito.list_users(UserPoolId=pool.id)["Users"]) == 2
