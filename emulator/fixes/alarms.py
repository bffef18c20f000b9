"""Alarms that look, and tell.

AWS: an alarm looks at the metric that has exactly its dimensions, period by period, minute after minute; periods
without data count as TreatMissingData says. It may publish to a topic whose policy lets cloudwatch.amazonaws.com
(CloudWatch User Guide, "Using Amazon CloudWatch alarms", "Configuring how CloudWatch alarms treat missing data").
Emulator: an alarm looks when somebody puts a metric through the API, at every metric of that name whatever its
dimensions, at all periods as one, and keeps its state without data. Anybody may publish.
Fix: look every second, as AWS does every minute, and ask the topic.
Left out: periods end now, not with the clock's minutes, so that an alarm goes off within a second; a missing period is
breaching or it is not, `ignore` and `missing` matter only when all of them are.
Goes when: MiniStack evaluates alarms by itself.
"""

import logging
import threading
import time
from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import Any

from emulator.fixes.service_metrics import DEPTH, measure_queues
from emulator.fixes.streams import scope
from emulator.patching import module, original
from emulator.policies import service_allowed

LOOK_SECONDS = 1.0
SERVICE = "cloudwatch.amazonaws.com"
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": gt,
    "GreaterThanOrEqualToThreshold": ge,
    "LessThanThreshold": lt,
    "LessThanOrEqualToThreshold": le,
}
ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
Alarm = dict[str, Any]
log = logging.getLogger("alarms")


def apply() -> None:
    cloudwatch = module("services.cloudwatch")
    for helper, parameters in {
        "_dims_from_list": "dimensions",
        "_dims_key": "dims",
        "_calc_stats": "points",
        "_stat_value": "stats stat_name points",
        "_record_history": "alarm_name old_state new_state reason alarm_type reason_data",
        "_evaluate_parent_alarms": "child seen",
        "_evaluate_alarm": "alarm",
    }.items():
        original(cloudwatch, helper, parameters)
    original(module("services.sns"), "topic_policy_for_arn", "topic_arn")
    cloudwatch._evaluate_alarm = lambda alarm: evaluate(cloudwatch, alarm)
    _ask_topics(cloudwatch)
    threading.Thread(target=_look, args=(cloudwatch,), name="alarms", daemon=True).start()


def evaluate(cloudwatch: Any, alarm: Alarm) -> None:
    """Look once, and tell when the state is another than before."""
    compare = COMPARE.get(alarm.get("ComparisonOperator", ""))
    if compare is None or not alarm.get("MetricName"):
        return
    values = _values(cloudwatch, alarm)
    threshold = float(alarm.get("Threshold", 0))
    state, before = _state(alarm, values, lambda value: compare(value, threshold)), alarm["StateValue"]
    if state == before:
        return
    reason = f"Threshold Crossed: {values} {alarm['ComparisonOperator']} {threshold}"
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _values(cloudwatch: Any, alarm: Alarm) -> list[float | None]:
    """The statistic of each period, the latest first; None without data."""
    dimensions = cloudwatch._dims_from_list(alarm.get("Dimensions") or [])
    points = cloudwatch._metrics.get((alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(dimensions))) or []
    now, seconds = time.time(), int(alarm.get("Period") or 60)
    periods: list[list[Any]] = [[] for _ in range(int(alarm.get("EvaluationPeriods") or 1))]
    for point in reversed(list(points)):
        ago = int(max(now - point["Timestamp"], 0) // seconds)
        if ago < len(periods):
            periods[ago].append(point)
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    return [
        cloudwatch._stat_value(cloudwatch._calc_stats(period), statistic, period) if period else None
        for period in periods
    ]


def _state(alarm: Alarm, values: list[float | None], breaches: Callable[[float], bool]) -> str:
    treat = alarm.get("TreatMissingData") or "missing"
    if all(value is None for value in values):
        kept = {"missing": "INSUFFICIENT_DATA", "ignore": str(alarm["StateValue"])}.get(treat)
        if kept:
            return kept
    breaching = [treat == "breaching" if value is None else breaches(value) for value in values]
    needed = int(alarm.get("DatapointsToAlarm") or len(values))
    return "ALARM" if sum(breaching) >= needed else "OK"


def _ask_topics(cloudwatch: Any) -> None:
    dispatch = original(cloudwatch, "_dispatch_alarm_actions", "alarm old_state new_state reason")

    def dispatch_alarm_actions(alarm: Alarm, old_state: str, new_state: str, reason: str) -> None:
        actions = ACTIONS[new_state]
        let_in = [action for action in alarm.get(actions) or [] if _lets_in(action, alarm["AlarmArn"])]
        dispatch({**alarm, actions: let_in}, old_state, new_state, reason)

    cloudwatch._dispatch_alarm_actions = dispatch_alarm_actions


def _lets_in(action: str, alarm_arn: str) -> bool:
    if ":sns:" not in action:
        return True
    found = module("services.sns").topic_policy_for_arn(action)
    if found and service_allowed(found[0], SERVICE, "sns:Publish", action, alarm_arn):
        return True
    log.warning("%s may not publish to %s, or there is no such topic", alarm_arn, action)
    return False


def _look(cloudwatch: Any) -> None:
    functions = module("services.lambda_svc")
    while True:
        time.sleep(LOOK_SECONDS)
        for account, region in {key[:2] for key in list(cloudwatch._alarms._data)}:
            try:
                with scope(functions, account, region):
                    alarms = list(cloudwatch._alarms.values())
                    measure_queues(_queue(alarm) for alarm in alarms if alarm.get("MetricName") == DEPTH)
                    for alarm in alarms:
                        evaluate(cloudwatch, alarm)
            except Exception:
                log.exception("looking at alarms failed")


def _queue(alarm: Alarm) -> str:
    return next((each["Value"] for each in alarm.get("Dimensions") or [] if each["Name"] == "QueueName"), "")
