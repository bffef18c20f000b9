"""Secrets that a template has generated.

AWS: GenerateSecretString leaves out the kinds of characters that it is told to (CloudFormation User Guide,
"AWS::SecretsManager::Secret GenerateSecretString").
Emulator: knows ExcludeCharacters only, so a secret without punctuation has some all the same.
Fix: add the excluded kinds to the excluded characters.
Goes when: MiniStack does.
"""

import string
from typing import Any

from emulator.patching import module, original

_KINDS = {
    "ExcludePunctuation": string.punctuation,
    "ExcludeNumbers": string.digits,
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
}


def apply() -> None:
    provisioners = module("services.cloudformation.provisioners")
    secret_string = original(provisioners, "_sm_secret_string", "props")

    def without_excluded_kinds(props: dict[str, Any]) -> str:
        asked = props.get("GenerateSecretString")
        if not asked:
            return str(secret_string(props))
        kinds = "".join(kind for name, kind in _KINDS.items() if str(asked.get(name)).lower() == "true")
        excluded = asked.get("ExcludeCharacters", "") + kinds
        return str(secret_string({**props, "GenerateSecretString": {**asked, "ExcludeCharacters": excluded}}))

    provisioners._sm_secret_string = without_excluded_kinds
