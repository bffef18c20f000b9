"""Each rule fails on a template that breaks it in one place: a rule that nothing can break protects nobody."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.template.rules import RULES
from tests.template.tree import Tree

HEALTHY = yaml_parse((Path(__file__).parent / "healthy.yaml").read_text())
REMOVED = object()

QUEUE, LONG = "Queue.Properties", "MessagesAboutTheOrdersOfCustomers"
MESSAGES, STREAM = "FunctionQueue.Properties", "FunctionStream.Properties"
STATEMENTS = "Function.Properties.Policies.0.Statement"
MACHINE = "Machine.Properties"
DOCUMENT = "Api.Properties.DefinitionBody"
SECOND_POLICY = {
    "Type": "AWS::SQS::QueuePolicy",
    "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": {"Statement": []}},
}
SECOND_READER = {"Type": "AWS::Lambda::EventSourceMapping"} | {
    "Properties": {
        "FunctionName": {"Ref": "Function"},
        "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
    }
}
OF_THE_RULE = {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Placed", "Arn"]}}}
PAGES = "Distribution.Properties.DistributionConfig"
PAGES_POLICY = "PagesPolicy.Properties.PolicyDocument.Statement.0"
PAGES_SECURITY = "PagesHeaders.Properties.ResponseHeadersPolicyConfig.SecurityHeadersConfig"
PAGES_CSP = f"{PAGES_SECURITY}.ContentSecurityPolicy.ContentSecurityPolicy"
BOUND = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
FIFO_LETTERS = {"FifoQueue": True, "MessageRetentionPeriod": 1209600}


def fifo(name: str) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True, "QueueName": {"Fn::Sub": name}}}


# rule, where the healthy template breaks, what stands there then
PLANTS: list[tuple[str, str, Any]] = [
    ("queue_outlasts_its_function", f"{QUEUE}.VisibilityTimeout", 59),
    ("queue_outlasts_its_function", "Function.Properties.Timeout", 11),
    ("queue_outlasts_its_function", f"{MESSAGES}.MaximumBatchingWindowInSeconds", 1),
    ("consumed_queue_has_dead_letters", f"{QUEUE}.RedrivePolicy", REMOVED),
    ("queue_consumer_reports_partial_failures", f"{MESSAGES}.FunctionResponseTypes", REMOVED),
    ("queue_batch_is_one_that_lambda_takes", f"{MESSAGES}.BatchSize", 11),
    ("queue_consumer_leaves_room_for_others", f"{MESSAGES}.ScalingConfig", REMOVED),
    ("queue_consumer_leaves_room_for_others", f"{MESSAGES}.ScalingConfig.MaximumConcurrency", 1),
    ("queue_consumer_leaves_room_for_others", f"{MESSAGES}.ScalingConfig.MaximumConcurrency", 1000),
    ("queue_outlives_an_overload", f"{QUEUE}.RedrivePolicy.maxReceiveCount", 4),
    ("queue_outlives_an_overload", f"{QUEUE}.VisibilityTimeout", 30),
    ("fifo_queue_has_a_name_that_fits", "Fifo", {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}}),
    ("fifo_queue_has_a_name_that_fits", "Fifo", fifo("${AWS::StackName}-Fifo.fifo")),
    ("fifo_queue_has_a_name_that_fits", "Fifo", fifo("${Environment}-Fifo")),
    ("fifo_queue_has_a_name_that_fits", LONG, fifo(f"${{Environment}}-{LONG}.fifo")),
    ("rule_target_has_dead_letters", "Placed.Properties.Targets.0.DeadLetterConfig", REMOVED),
    ("rule_target_has_dead_letters", "LettersPolicy.Properties.PolicyDocument.Statement.0", REMOVED),
    ("rule_listens_to_the_shops_bus", "Placed.Properties.EventBusName", REMOVED),
    ("rule_may_reach_its_targets", "QueuePolicy.Properties.PolicyDocument.Statement.0", REMOVED),
    ("rule_may_reach_its_targets", "QueuePolicy.Properties.PolicyDocument.Statement.0.Condition", REMOVED),
    (
        "rule_may_reach_its_targets",
        "QueuePolicy.Properties.PolicyDocument.Statement.0.Condition",
        {"ArnEquals": {"aws:SourceArn": {"Ref": "Topic"}}},
    ),
    (
        "rule_may_reach_its_targets",
        "Placed.Properties.Targets.0",
        {"Id": "f", "Arn": {"Fn::GetAtt": ["Function", "Arn"]}},
    ),
    ("rule_may_reach_its_targets", "Placed.Properties.Targets.0", {"Id": "m", "Arn": {"Ref": "Machine"}}),
    ("rule_may_reach_its_targets", "TopicPolicy.Properties.PolicyDocument.Statement.1", REMOVED),
    ("rule_may_reach_its_targets", "TopicPolicy.Properties.PolicyDocument.Statement.1.Condition", OF_THE_RULE),
    ("subscription_has_dead_letters", "Subscription.Properties.RedrivePolicy", REMOVED),
    ("subscription_has_dead_letters", "LettersPolicy.Properties.PolicyDocument.Statement.1", REMOVED),
    ("subscription_has_dead_letters", "Topic.Properties", {"FifoTopic": True}),
    ("subscription_may_reach_its_endpoint", "QueuePolicy.Properties.PolicyDocument.Statement.1", REMOVED),
    ("queue_that_nobody_reads_has_an_alarm", "Alarm", REMOVED),
    ("queue_that_nobody_reads_has_an_alarm", "Alarm.Properties.MetricName", "NumberOfMessagesSent"),
    ("queue_that_nobody_reads_has_an_alarm", "Alarm.Properties.Dimensions.0.Value", {"Fn::GetAtt": ["Queue", "Arn"]}),
    ("queue_that_nobody_reads_has_an_alarm", "FunctionQueue", REMOVED),
    ("reader_of_a_stream_has_an_alarm", "Behind", REMOVED),
    ("machine_has_alarms", "Failed", REMOVED),
    ("machine_has_alarms", "TimedOut", REMOVED),
    ("machine_has_alarms", "Aborted", REMOVED),
    ("machine_has_alarms", "Throttled", REMOVED),
    ("scheduled_function_has_an_alarm", "Errors", REMOVED),
    ("front_door_has_an_alarm", "ServerErrors", REMOVED),
    ("front_door_has_an_alarm", "Api.Properties.Name", REMOVED),
    ("front_door_has_an_alarm", "Api.Properties.Name", {"Ref": "Topic"}),
    ("alarm_is_quiet_without_data", "Alarm.Properties.TreatMissingData", REMOVED),
    ("alarm_says_what_to_do", "Alarm.Properties.AlarmDescription", "Somebody was not told."),
    ("alarm_says_what_to_do", "Alarm.Properties.AlarmDescription", "See docs/runbooks.md#relay"),
    ("alarm_may_reach_its_topic", "TopicPolicy", REMOVED),
    ("alarm_tells_someone", "Alarm.Properties.AlarmActions", REMOVED),
    ("alarm_tells_someone", "Topic.Properties", REMOVED),
    ("one_policy_per_resource", "SecondPolicy", SECOND_POLICY),
    ("queue_policy_is_about_one_queue", "QueuePolicy.Properties.Queues", [{"Ref": "Queue"}, {"Ref": "Letters"}]),
    (
        "queue_policy_is_about_one_queue",
        "QueuePolicy.Properties.PolicyDocument.Statement.0.Resource",
        [{"Fn::GetAtt": ["Queue", "Arn"]}, {"Fn::GetAtt": ["Letters", "Arn"]}],
    ),
    (
        "queue_policy_is_about_one_queue",
        "QueuePolicy.Properties.PolicyDocument.Statement.0.Resource",
        {"Fn::GetAtt": ["Letters", "Arn"]},
    ),
    (
        "resource_policy_lets_in_exactly_a_source",
        "QueuePolicy.Properties.PolicyDocument.Statement.0.Principal",
        "*",
    ),
    (
        "resource_policy_lets_in_exactly_a_source",
        "QueuePolicy.Properties.PolicyDocument.Statement.0.Condition",
        REMOVED,
    ),
    (
        "resource_policy_lets_in_exactly_a_source",
        "TopicPolicy.Properties.PolicyDocument.Statement.1.Condition",
        OF_THE_RULE,
    ),
    (
        "resource_policy_lets_in_exactly_a_source",
        "QueuePolicy.Properties.PolicyDocument.Statement.0.Action",
        "sqs:*",
    ),
    ("fifo_topic_says_so_in_its_name", "Topic.Properties", {"FifoTopic": True}),
    (
        "fifo_topic_says_so_in_its_name",
        "Topic.Properties",
        {"FifoTopic": True, "TopicName": {"Fn::Sub": "${AWS::StackName}-orders"}},
    ),
    ("no_aws_managed_key", "Topic.Properties", {"KmsMasterKeyId": "alias/aws/sns"}),
    ("no_aws_managed_key", f"{QUEUE}.KmsMasterKeyId", "alias/aws/sqs"),
    ("dead_letters_are_kept_long_and_alike", "Letters.Properties.MessageRetentionPeriod", REMOVED),
    ("dead_letters_are_kept_long_and_alike", "Letters.Properties", FIFO_LETTERS),
    ("function_is_built_as_designed", "Function.Properties.Runtime", "python3.12"),
    ("function_is_built_as_designed", "Function.Properties.Architectures", ["x86_64"]),
    ("function_is_built_as_designed", "Function.Properties.Tracing", "PassThrough"),
    ("function_reserves_no_concurrency", "Function.Properties.ReservedConcurrentExecutions", 5),
    ("function_logs_to_a_group_of_the_stack", "Function.Properties.LoggingConfig", REMOVED),
    ("log_group_forgets", "Logs.Properties", {}),
    ("log_group_forgets", "Logs.DeletionPolicy", "Retain"),
    ("bucket_forgets", "Bucket.Properties", {}),
    ("bucket_forgets", "Bucket.Properties.LifecycleConfiguration.Rules.0.Status", "Disabled"),
    ("layer_goes_with_its_stack", "Layer.Properties.RetentionPolicy", REMOVED),
    ("stream_consumer_retries_for_hours", f"{STREAM}.MaximumRetryAttempts", 3),
    ("stream_consumer_retries_for_hours", f"{STREAM}.MaximumRecordAgeInSeconds", REMOVED),
    ("stream_consumer_isolates_poison", f"{STREAM}.BisectBatchOnFunctionError", REMOVED),
    ("stream_consumer_isolates_poison", f"{STREAM}.FunctionResponseTypes", REMOVED),
    ("stream_consumer_starts_at_the_beginning", f"{STREAM}.StartingPosition", "LATEST"),
    ("stream_consumer_keeps_what_it_gave_up", f"{STREAM}.DestinationConfig", REMOVED),
    ("stream_consumer_keeps_what_it_gave_up", f"{STATEMENTS}.4", REMOVED),
    (
        "stream_consumer_keeps_what_it_gave_up",
        f"{STREAM}.DestinationConfig.OnFailure",
        {"Destination": {"Fn::GetAtt": ["Letters", "Arn"]}},
    ),
    (
        "delivery_has_a_place_for_errors",
        "Delivery.Properties.ExtendedS3DestinationConfiguration.ErrorOutputPrefix",
        REMOVED,
    ),
    ("stream_has_two_readers_at_most", "Second", SECOND_READER),
    ("name_is_not_fixed", f"{QUEUE}.QueueName", "orders"),
    ("name_is_not_fixed", "Bus.Properties.Name", {"Fn::Sub": "shop-${Environment}"}),
    ("table_is_on_demand_and_recoverable", "Table.Properties.BillingMode", "PROVISIONED"),
    ("table_is_on_demand_and_recoverable", "Table.Properties.PointInTimeRecoverySpecification", REMOVED),
    ("table_is_protected_where_it_matters", "Table.Properties.DeletionProtectionEnabled", REMOVED),
    ("table_that_anybody_makes_write_has_a_ceiling", "Table.Properties.OnDemandThroughput", REMOVED),
    (
        "table_that_anybody_makes_write_has_a_ceiling",
        "Table.Properties.OnDemandThroughput.MaxWriteRequestUnits",
        40_000,
    ),
    ("table_is_protected_where_it_matters", "Table.Properties.DeletionProtectionEnabled", True),
    ("user_pool_does_not_tell_case_apart", "Pool.Properties", {"UsernameAttributes": ["email"]}),
    ("account_wide_setting", "Account", {"Type": "AWS::ApiGateway::Account", "Properties": {}}),
    ("stage_needs_no_account_setting", "Api.Properties.MethodSettings", [{"LoggingLevel": "INFO"}]),
    (
        "action_without_a_resource_is_on_every_one",
        f"{MACHINE}.Policies.0.Statement.1.Resource",
        {"Fn::GetAtt": ["Logs", "Arn"]},
    ),
    ("machine_may_write_its_logs", f"{MACHINE}.Policies.0.Statement.1", REMOVED),
    ("machine_logs_and_traces", f"{MACHINE}.Logging", REMOVED),
    ("machine_logs_and_traces", f"{MACHINE}.Tracing", REMOVED),
    ("machine_leads_somewhere", f"{MACHINE}.Definition.States.Work.Next", "Dnoe"),
    ("machine_leads_somewhere", f"{MACHINE}.DefinitionSubstitutions", REMOVED),
    ("api_brings_no_models", f"{DOCUMENT}.components", {"schemas": {"Order": {"example": {}}}}),
    ("api_brings_no_models", f"{DOCUMENT}.paths./orders.post.requestBody", {"content": {}}),
    ("api_brings_no_models", f"{DOCUMENT}.paths./orders.post.responses.201", {"$ref": "#/components/responses/Order"}),
    ("api_has_no_stage_called_stage", "Api.Properties.OpenApiVersion", REMOVED),
    ("bucket_of_pages_is_private", "Pages.Properties.PublicAccessBlockConfiguration", REMOVED),
    ("bucket_of_pages_is_private", "Pages.Properties.PublicAccessBlockConfiguration.BlockPublicPolicy", False),
    ("bucket_of_pages_lets_in_its_distribution_only", f"{PAGES}.Origins.0.OriginAccessControlId", REMOVED),
    ("bucket_of_pages_lets_in_its_distribution_only", "PagesPolicy", REMOVED),
    ("bucket_of_pages_lets_in_its_distribution_only", f"{PAGES_POLICY}.Principal", "*"),
    ("bucket_of_pages_lets_in_its_distribution_only", f"{PAGES_POLICY}.Condition", REMOVED),
    (
        "bucket_of_pages_lets_in_its_distribution_only",
        f"{PAGES_POLICY}.Condition.StringEquals",
        {"AWS:SourceAccount": {"Ref": "AWS::AccountId"}},
    ),
    (
        "error_pages_spare_the_api",
        f"{PAGES}.CustomErrorResponses",
        [{"ErrorCode": 403, "ResponseCode": 200, "ResponsePagePath": "/index.html"}],
    ),
    ("api_behind_cloudfront_is_asked_each_time", f"{PAGES}.CacheBehaviors.0.CachePolicyId", REMOVED),
    ("api_behind_cloudfront_is_asked_each_time", f"{PAGES}.CacheBehaviors.0.OriginRequestPolicyId", REMOVED),
    ("pages_are_served_by_https_only", f"{PAGES}.DefaultCacheBehavior.ViewerProtocolPolicy", "allow-all"),
    ("pages_are_served_by_https_only", f"{PAGES}.CacheBehaviors.0.ResponseHeadersPolicyId", REMOVED),
    ("pages_are_served_by_https_only", f"{PAGES_SECURITY}.StrictTransportSecurity", REMOVED),
    *(
        ("pages_run_only_what_is_served_with_them", PAGES_CSP, text)
        for text in (
            "",
            f"default-src 'self'; {BOUND}",
            f"default-src 'none'; script-src 'self' 'unsafe-inline'; {BOUND}",
            f"default-src 'none'; style-src 'self' 'unsafe-hashes'; {BOUND}",
            f"default-src 'none'; connect-src https://*.example.com; {BOUND}",
            "default-src 'none'; script-src 'self'",
        )
    ),
]


def problems(rule_name: str, template: dict[str, Any]) -> list[str]:
    rule = RULES[rule_name]
    tree = Tree.of_text(json.dumps(template))
    return [problem for resource in tree.all(*rule.types) for problem in rule.check(resource)]


@pytest.mark.parametrize("name", RULES)
def test_the_healthy_template_keeps(name: str) -> None:
    assert problems(name, HEALTHY) == []


@pytest.mark.parametrize(("name", "path", "value"), PLANTS, ids=lambda item: item if isinstance(item, str) else "")
def test_notices(name: str, path: str, value: Any) -> None:
    template = copy.deepcopy(HEALTHY)
    *parents, last = path.split(".")
    node = template["Resources"]
    for key in parents:
        node = node[int(key)] if isinstance(node, list) else node.setdefault(key, {})
    where = int(last) if isinstance(node, list) else last
    if value is REMOVED:
        node.pop(where)
    else:
        node[where] = value
    if name == "stream_has_two_readers_at_most":
        template["Resources"]["Third"] = SECOND_READER
    assert problems(name, template), f"{name} does not notice {path}"


def test_every_rule_is_tried() -> None:
    assert {name for name, _, _ in PLANTS} == RULES.keys()
