"""A generated secret has only the characters that its template allows."""

from tests.emulator.account import Account

TEMPLATE = """
    Resources:
      Secret:
        Type: AWS::SecretsManager::Secret
        Properties:
          GenerateSecretString:
            PasswordLength: 400
            ExcludePunctuation: true
            ExcludeCharacters: aZ9
    Outputs:
      Secret: {Value: !GetAtt Secret.Id}
"""


def test_excluded_kinds_of_characters_are_left_out(account: Account) -> None:
    stack = account.deploy(account.name("stack"), TEMPLATE)
    secret = account.client("secretsmanager").get_secret_value(SecretId=stack["Secret"])["SecretString"]
    assert len(secret) == 400
    assert secret.isalnum()
    assert not set(secret) & set("aZ9")
