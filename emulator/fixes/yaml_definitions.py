"""State machines written in YAML.

AWS: `sam build` and `sam deploy` upload a `.asl.yaml` DefinitionUri as it is, and CloudFormation reads JSON or YAML
from DefinitionS3Location (AWS::StepFunctions::StateMachine, "DefinitionS3Location").
Emulator: stores the YAML text; every execution then fails with InvalidDefinition.
Fix: turn the resolved definition into JSON before it is stored.
Goes when: MiniStack parses YAML definitions.
"""

import json
from typing import Any

import yaml

from emulator.patching import module, original


def apply() -> None:
    provisioners = module("services.cloudformation.provisioners")
    definition = original(provisioners, "_sfn_definition", "props")

    def as_json(props: dict[str, Any]) -> str:
        text: str = definition(props)
        try:
            json.loads(text)
        except ValueError:
            return json.dumps(yaml.safe_load(text))
        return text

    provisioners._sfn_definition = as_json
