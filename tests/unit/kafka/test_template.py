"""What must agree between the template and the code, and that nothing of it costs before somebody turns it on."""

import re
from pathlib import Path
from typing import Any

import pytest

from kafkabridge import producer
from tools.expand import expand

ROOT = expand(Path("template.yaml"))
TEMPLATE = expand(Path("services/kafka/template.yaml"))
RESOURCES = TEMPLATE["Resources"]


def properties(resource: str) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[resource]["Properties"]
    return found


def test_it_is_off_by_default() -> None:
    assert ROOT["Parameters"]["Kafka"]["Default"] == "none"
    assert ROOT["Resources"]["KafkaService"]["Condition"] == "HasKafka"
    assert ROOT["Conditions"]["HasKafka"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Kafka"}, "none"]}]}


def test_a_cluster_and_its_network_are_only_there_when_asked_for() -> None:
    by_the_hour = {name for name, resource in RESOURCES.items() if resource.get("Condition") == "Msk"}
    assert by_the_hour == {"Cluster", "Bootstrap", "BootstrapRole", "ClusterBrokers", "FromMsk"}
    assert RESOURCES["FromExisting"]["Condition"] == "Existing"
    assert TEMPLATE["Parameters"]["MinimumPollers"]["Default"] == 0


def test_both_event_sources_differ_only_in_where_they_read() -> None:
    msk, existing = ({**properties(name)} for name in ("FromMsk", "FromExisting"))
    own = {"EventSourceArn", "SelfManagedEventSource", "SourceAccessConfigurations"}
    config = {"AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"}
    assert msk["AmazonManagedKafkaEventSourceConfig"] == existing["SelfManagedKafkaEventSourceConfig"]
    assert {k: v for k, v in msk.items() if k not in own | config} == {
        k: v for k, v in existing.items() if k not in own | config
    }


def test_what_is_written_is_what_is_read() -> None:
    topic = properties("Bridge")["Environment"]["Variables"]["TOPIC"]
    assert properties("FromMsk")["Topics"] == properties("FromExisting")["Topics"] == [topic]
    granted = re.findall(
        r"TopicArnPrefix\}/([\w.]+)", str(properties("BridgeRole")) + str(properties("CountSalesRole"))
    )
    assert granted == [topic] * 2


def test_a_batch_that_no_broker_takes_ends_before_the_function_does() -> None:
    batch = properties("BridgeMessages")["BatchSize"]
    waits = batch * (producer._DELIVERY_SECONDS + 1) + 2 * producer._CONNECT_SECONDS
    assert waits < properties("Bridge")["Timeout"]


@pytest.mark.parametrize(
    ("brokers", "accepted"),
    [
        ("", True),
        ("localhost:9092", True),
        ("b-1.shop.kafka.example.com:9096,b-2.shop.kafka.example.com:9096", True),
        ("b-1.example.com", False),
        ("b-1:9092, b-2:9092", False),
        ("kafka://b-1:9092", False),
    ],
)
def test_brokers_are_hosts_and_ports(brokers: str, accepted: bool) -> None:
    assert bool(re.fullmatch(TEMPLATE["Parameters"]["Brokers"]["AllowedPattern"], brokers)) is accepted
