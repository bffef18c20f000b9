"""One module per gap between MiniStack and AWS. Each says what AWS does, what the emulator does instead, what the fix
does and what would let it go; each has an `apply()`, and a test that fails without it."""

from importlib import import_module

NAMES = (
    "plain_requests",
    "distributions",  # within access, which decides what reaches it
    "access",
    # CloudFormation
    "conditional_resources",
    "nested_stacks",
    "placeholders",
    "archives",
    "yaml_definitions",
    "rest_api",
    "fifo_topics",
    "environment_values",
    "generated_secrets",
    # what runs
    "tracing",
    "function_errors",
    "cold_starts",
    "forked_environments",
    "whole_logs",
    "proxy_errors",
    "mock_integrations",
    "id_tokens",
    "encoded_paths",
    "known_policies",
    "repeated_headers",
    "batch_actions",
    "queue_windows",
    "lambda_actions",
    "transactions",
    "ses_identities",
    "case_blind_pools",
    "confirmation_codes",
    "resharding",
    "streams",
    "firehose",
    "kafka_mappings",
    "rule_targets",
    "replays",
    "task_errors",
    "service_permissions",
    "task_tokens",
    "embedded_metrics",
    "service_metrics",
    "alarms",
)


def apply_all() -> None:
    for name in NAMES:
        import_module(f"emulator.fixes.{name}").apply()
