"""A change of parameters that only adds or removes resources.

AWS: a change set adds or removes a resource whose condition has become true or false (CloudFormation User Guide,
"Conditions").
Emulator: compares only the properties of both templates. If nothing else changes, the change set is empty, and `sam
deploy` does nothing: after `Storefront=OFF` the pages are still there.
Fix: leave resources with a false condition out of both sides of the comparison.
Goes when: MiniStack does.
"""

from typing import Any

from emulator.patching import module, original


def apply() -> None:
    change_sets = module("services.cloudformation.changesets")
    resolve = original(change_sets, "_resolve_props_for_diff", "template params stack_name stack_id")
    conditions_of = original(change_sets, "_evaluate_conditions", "template params")

    def resolved(template: dict[str, Any], params: dict[str, Any], stack_name: str, stack_id: str) -> dict[str, Any]:
        found: dict[str, Any] = resolve(template, params, stack_name, stack_id)
        if not found:
            return found
        holds = conditions_of(template, params)
        resources = found.get("Resources", {}).items()
        present = {name: held for name, held in resources if holds.get(held.get("Condition"), True)}
        return {**found, "Resources": present}

    change_sets._resolve_props_for_diff = resolved
