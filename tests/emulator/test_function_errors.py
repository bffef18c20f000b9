"""A failing function says which exception it was, and stays warm."""

from tests.emulator.account import Account

FAILING = """
    calls = 0

    class OutOfStock(Exception):
        pass

    def handler(event, context):
        global calls
        calls += 1
        if event == "count":
            return calls
        raise OutOfStock("no " + event)
"""


def test_a_failing_function_says_who_it_is_and_stays_warm(account: Account) -> None:
    function = account.function(FAILING)
    kind, payload = account.invoke(function, "shoes")
    assert kind == "Unhandled"
    assert payload["errorType"] == "OutOfStock"
    assert payload["errorMessage"] == "no shoes"
    assert any("in handler" in line for line in payload["stackTrace"])
    assert payload["requestId"]
    assert account.invoke(function, "count") == (None, 2), "an exception does not cost a cold start"

    def lines() -> str:
        found = account.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        return "\n".join(event["message"] for event in found)

    account.eventually(lambda: "OutOfStock: no shoes" in lines())
