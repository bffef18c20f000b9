"""Queues, topics, rules: what must stand between them so that nothing is lost in a real account."""

import re
from collections.abc import Iterator
from typing import Any

from tests.template.rule import rule
from tests.template.tree import Resource, Statement, statements

QUEUE, TOPIC, FUNCTION = "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Lambda::Function"
MAPPING, MACHINE = "AWS::Lambda::EventSourceMapping", "AWS::StepFunctions::StateMachine"
POLICY = {QUEUE: ("AWS::SQS::QueuePolicy", "Queues"), TOPIC: ("AWS::SNS::TopicPolicy", "Topics")}
SEND = {QUEUE: "sqs:SendMessage", TOPIC: "sns:Publish"}
FEWEST_READERS, MOST_READERS = 2, 10
# Operators' changes of products, and refunds that failed.
FILLED_BY_NO_CUSTOMER = {"CatalogueQueue", "AttentionQueue"}
FEWEST_DELIVERIES, OVERLOAD_MINUTES = 5, 5
# Of SQS, and what a root stack's name may have of it.
QUEUE_NAME, STACK_NAME = 80, 50
# Mail and text messages have no consumer of ours that could fail.
PEOPLE = {"email", "email-json", "sms"}


@rule(MAPPING)
def queue_outlasts_its_function(mapping: Resource) -> Iterator[str]:
    """A message that becomes visible while its function still works on it is handled twice at the same time."""
    queue, function = _queue_and_function(mapping)
    if queue is None or function is None:
        return
    timeout = int(function.properties().get("Timeout", 3))
    window = int(mapping.properties().get("MaximumBatchingWindowInSeconds", 0))
    visibility = int(queue.properties().get("VisibilityTimeout", 30))
    if visibility < 6 * timeout + window:
        yield f"{queue} is visible again after {visibility} s; AWS asks for 6 × {timeout} s + {window} s"


@rule(MAPPING)
def consumed_queue_has_dead_letters(mapping: Resource) -> Iterator[str]:
    """A poison message otherwise comes back until it is dropped for its age."""
    queue, _ = _queue_and_function(mapping)
    if queue is not None:
        yield from _dead_letters(queue, queue.written.get("RedrivePolicy", {}).get("deadLetterTargetArn"))


@rule(MAPPING)
def queue_consumer_reports_partial_failures(mapping: Resource) -> Iterator[str]:
    """Without ReportBatchItemFailures one poison message brings its whole batch back, and to the dead letters."""
    queue, _ = _queue_and_function(mapping)
    if queue is not None and "ReportBatchItemFailures" not in mapping.properties().get("FunctionResponseTypes", []):
        yield "FunctionResponseTypes lacks ReportBatchItemFailures"


@rule(MAPPING)
def queue_consumer_leaves_room_for_others(mapping: Resource) -> Iterator[str]:
    """Lambda starts five readers per queue and up to 1,250, and all functions share the account's concurrency: a new
    account's is 10. What is turned away counts as received (Lambda Developer Guide, "Configuring scaling behavior for
    SQS event source mappings": 2 to 1,000). Without a limit, Lambda asks an idle queue with two pollers instead of
    five, which is worth it where no customer can fill the queue."""
    queue, _ = _queue_and_function(mapping)
    if queue is not None and str(queue).rpartition(":")[2] in FILLED_BY_NO_CUSTOMER:
        return
    limit = mapping.properties().get("ScalingConfig", {}).get("MaximumConcurrency", MOST_READERS + 1)
    if queue is not None and not FEWEST_READERS <= int(limit) <= MOST_READERS:
        yield f"MaximumConcurrency is not from {FEWEST_READERS} to {MOST_READERS}"


@rule(MAPPING)
def queue_outlives_an_overload(mapping: Resource) -> Iterator[str]:
    """A call that Lambda turns away counts as a delivery: healthy messages would end among the dead letters. AWS asks
    for five deliveries at least (Lambda Developer Guide, "Creating and configuring an SQS event source mapping")."""
    queue, _ = _queue_and_function(mapping)
    if queue is None:
        return
    deliveries = int(queue.properties().get("RedrivePolicy", {}).get("maxReceiveCount", 0))
    minutes = deliveries * int(queue.properties().get("VisibilityTimeout", 30)) / 60
    if deliveries < FEWEST_DELIVERIES or minutes < OVERLOAD_MINUTES:
        yield f"{queue} gives a message up after {deliveries} deliveries in {minutes:g} minutes"


@rule(MAPPING)
def queue_batch_is_one_that_lambda_takes(mapping: Resource) -> Iterator[str]:
    """AWS refuses more than 10 messages without a window to gather them in, and both to a FIFO queue."""
    queue, _ = _queue_and_function(mapping)
    if queue is None:
        return
    properties = mapping.properties()
    size, window = (int(properties.get(key, 0)) for key in ("BatchSize", "MaximumBatchingWindowInSeconds"))
    if _fifo(queue) and (size > 10 or window):
        yield f"BatchSize {size}, window {window} s: a FIFO queue's batches have at most 10 messages and no window"
    if size > 10 and not window:
        yield f"BatchSize {size} needs MaximumBatchingWindowInSeconds"


@rule("AWS::Events::Rule")
def rule_target_has_dead_letters(found: Resource) -> Iterator[str]:
    """EventBridge drops an event that a target refused for a day; a missed tick of a schedule needs no letter."""
    if "EventPattern" not in found.written:
        return
    for target in found.written.get("Targets", []):
        queue = found.target(target.get("DeadLetterConfig", {}).get("Arn"), QUEUE)
        if queue is None:
            yield f"target {target['Id']} has no dead-letter queue"
        elif not lets_in(queue, "events.amazonaws.com", found):
            yield f"{queue} does not let this rule send its dead letters"


@rule("AWS::Events::Rule")
def rule_listens_to_the_shops_bus(found: Resource) -> Iterator[str]:
    """A pattern on the default bus matches nothing of ours."""
    if (
        "EventPattern" in found.written
        and found.target(found.written.get("EventBusName"), "AWS::Events::EventBus") is None
    ):
        yield "EventBusName does not lead to the shop's bus"


@rule("AWS::Events::Rule")
def rule_may_reach_its_targets(found: Resource) -> Iterator[str]:
    """EventBridge is a stranger to a queue, topic or function until its resource policy names the service."""
    for target in found.written.get("Targets", []):
        for kind in (QUEUE, TOPIC):
            resource = found.target(target["Arn"], kind)
            if resource is not None and not lets_in(resource, "events.amazonaws.com", found):
                how = "without a condition" if kind == TOPIC else "on condition of aws:SourceArn"
                yield f"{resource} has no policy that lets events.amazonaws.com in, {how}"
        function = found.target(target["Arn"], FUNCTION)
        if function is not None and not _permitted(function, "events.amazonaws.com"):
            yield f"{function} has no AWS::Lambda::Permission for events.amazonaws.com"
        machine = found.target(target["Arn"], MACHINE)
        role = found.target(target.get("RoleArn"), "AWS::IAM::Role")
        if machine is not None and not (role and found.tree.allows(role, "states:StartExecution", machine)):
            yield f"the target's role may not start {machine}"


@rule("AWS::SNS::Subscription")
def subscription_has_dead_letters(subscription: Resource) -> Iterator[str]:
    """SNS gives up on an endpoint after its retries, silently."""
    if subscription.written["Protocol"] in PEOPLE:
        return
    arn = subscription.written.get("RedrivePolicy", {}).get("deadLetterTargetArn")
    queue = subscription.target(arn, QUEUE)
    topic = subscription.target(subscription.written["TopicArn"], TOPIC)
    if queue is None or topic is None:
        yield "no dead-letter queue" if queue is None else "TopicArn leads to no topic"
        return
    if not lets_in(queue, "sns.amazonaws.com", topic):
        yield f"{queue} does not let this subscription send its dead letters"
    if _fifo(topic) != _fifo(queue):
        yield f"{topic} and its dead letters {queue} must both be FIFO, or neither"


@rule("AWS::SNS::Subscription")
def subscription_may_reach_its_endpoint(subscription: Resource) -> Iterator[str]:
    """SNS is a stranger to the queue or function until its resource policy names the service."""
    endpoint = subscription.written["Endpoint"]
    queue, function = subscription.target(endpoint, QUEUE), subscription.target(endpoint, FUNCTION)
    topic = subscription.target(subscription.written["TopicArn"], TOPIC)
    if queue is not None and topic is not None and not lets_in(queue, "sns.amazonaws.com", topic):
        yield f"{queue} has no policy that lets sns.amazonaws.com in, on condition of aws:SourceArn"
    if function is not None and not _permitted(function, "sns.amazonaws.com"):
        yield f"{function} has no AWS::Lambda::Permission for sns.amazonaws.com"


@rule(QUEUE)
def fifo_queue_has_a_name_that_fits(queue: Resource) -> Iterator[str]:
    """The name that CloudFormation makes up for a FIFO queue begins with the nested stack's, and is not cut to SQS's 80
    characters; one made of the root stack's name is as long as it is written. The dashboard finds it by its
    logical id."""
    if not _fifo(queue):
        return
    name = str(_text(queue.written.get("QueueName")))
    if not re.fullmatch(rf"\$\{{\w+\}}-{queue.name}\.fifo", name):
        yield f"QueueName is {name}; make it of the root stack's name and -{queue.name}.fifo"
    elif len(name.partition("}")[2]) > QUEUE_NAME - STACK_NAME:
        yield f"QueueName is {name}, which leaves less than {STACK_NAME} characters for the stack's name"


@rule(TOPIC)
def fifo_topic_says_so_in_its_name(topic: Resource) -> Iterator[str]:
    """SNS refuses another name, and the one that CloudFormation makes up for a topic without one is such."""
    if _fifo(topic) and not str(_text(topic.written.get("TopicName"))).endswith(".fifo"):
        yield f"TopicName is {topic.written.get('TopicName')}; end it with .fifo"


@rule(QUEUE, TOPIC)
def one_policy_per_resource(resource: Resource) -> Iterator[str]:
    """Each QueuePolicy or TopicPolicy replaces the whole policy: of two, the last one deployed wins."""
    policies = policies_of(resource)
    if len(policies) > 1:
        yield f"{', '.join(sorted(map(str, policies)))} overwrite each other"


@rule("AWS::SQS::QueuePolicy")
def queue_policy_is_about_one_queue(policy: Resource) -> Iterator[str]:
    """SQS refuses a statement with several resources, and asks that a policy cover a single queue (SQS Developer Guide,
    "Special Information for SQS Policies")."""
    (queue, *others) = policy.written["Queues"]
    named = [resource for each in statements(policy.written["PolicyDocument"]) for resource in each.resources]
    if others or any(policy.targets(resource) != policy.targets(queue) for resource in named):
        yield f"is about {policy.written['Queues']}, and lets in to {named}"
    if any(len(each.resources) != 1 for each in statements(policy.written["PolicyDocument"])):
        yield "has a statement with several resources"


@rule("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
def resource_policy_lets_in_exactly_a_source(policy: Resource) -> Iterator[str]:
    """Without a source condition the service is a deputy for everybody's account; EventBridge alone cannot meet one on
    a topic (EventBridge User Guide, "Amazon SNS permissions")."""
    for statement in statements(policy.written["PolicyDocument"]):
        if statement.effect != "Allow":
            continue
        if not statement.services or statement.principal != {"Service": statement.principal["Service"]}:
            yield f"principal {statement.principal} is not exactly a service"
        if not _conditions_fit(policy.type, statement):
            yield f"{statement.services} may use {statement.actions} from anywhere, or never"
        if any("*" in action for action in statement.actions) or "*" in statement.resources:
            yield f"{statement.services} may do more than it needs: {statement.actions} on {statement.resources}"


@rule(QUEUE, TOPIC)
def no_aws_managed_key(resource: Resource) -> Iterator[str]:
    """The AWS-managed keys' policies cannot let EventBridge or CloudWatch in: their messages vanish."""
    key = resource.properties().get("KmsMasterKeyId")
    if key is not None:
        yield f"KmsMasterKeyId is {key} when no customer key is given"


@rule(QUEUE)
def dead_letters_are_kept_long_and_alike(queue: Resource) -> Iterator[str]:
    """A FIFO queue's dead letters must be FIFO, and letters keep their age: four days may be over on arrival."""
    dead = queue.target(queue.written.get("RedrivePolicy", {}).get("deadLetterTargetArn"), QUEUE)
    if dead is None:
        return
    if _fifo(dead) != _fifo(queue):
        yield f"{dead} must be FIFO as {queue} is, or neither"
    if int(dead.properties().get("MessageRetentionPeriod", 345600)) < 1209600:
        yield f"{dead} keeps letters less than 14 days (1209600 s)"


def _queue_and_function(mapping: Resource) -> tuple[Resource | None, Resource | None]:
    return (
        mapping.target(mapping.written.get("EventSourceArn"), QUEUE),
        mapping.target(mapping.written["FunctionName"], FUNCTION),
    )


def _dead_letters(resource: Resource, arn: Any) -> Iterator[str]:
    if resource.target(arn, QUEUE) is None:
        yield f"{resource} has no RedrivePolicy that leads to a dead-letter queue"


def _fifo(resource: Resource) -> bool:
    return any(str(resource.properties().get(key)).lower() == "true" for key in ("FifoQueue", "FifoTopic"))


def _text(name: Any) -> Any:
    return name.get("Fn::Sub", name) if isinstance(name, dict) else name


def policies_of(resource: Resource) -> list[Resource]:
    """The policies that CloudFormation writes on this queue or topic."""
    kind, key = POLICY[resource.type]
    return [policy for policy in resource.tree.all(kind) if resource in policy.targets(policy.written[key])]


def lets_in(resource: Resource, service: str, source: Resource) -> bool:
    """Whether a policy lets this service send on behalf of `source`: by reference, or by a pattern."""

    def fits(policy: Resource, statement: Statement) -> bool:
        named = policy.targets(statement.condition)
        return (
            statement.effect == "Allow"
            and service in statement.services
            and statement.actions == [SEND[resource.type]]
            and _conditions_fit(policy.type, statement)
            and (source in named or not named)
        )

    return any(
        fits(policy, statement)
        for policy in policies_of(resource)
        for statement in statements(policy.written["PolicyDocument"])
    )


def _conditions_fit(policy_type: str, statement: Statement) -> bool:
    if policy_type == POLICY[TOPIC][0] and "events.amazonaws.com" in statement.services:
        return not statement.condition
    return bool({"aws:sourcearn", "aws:sourceaccount"} & statement.condition_keys())


def _permitted(function: Resource, service: str) -> bool:
    return any(
        function in permission.targets(permission.written["FunctionName"])
        and permission.written["Principal"] == service
        and "SourceArn" in permission.written
        for permission in function.tree.all("AWS::Lambda::Permission")
    )
