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


def test_the_error_is_the_exception_s_class(account: Account) -> None:
    kind, payload = account.invoke(account.function(FAILING), "shoes")
    assert kind == "Unhandled"
    assert payload["errorType"] == "OutOfStock"
    assert payload["errorMessage"] == "no shoes"
    assert any("in handler" in line for line in payload["stackTrace"])
    assert payload["requestId"]


def test_an_exception_does_not_cost_a_cold_start(account: Account) -> None:
    function = account.function(FAILING)
    account.invoke(function, "shoes")
    assert account.invoke(function, "count") == (None, 2)


def test_the_log_has_the_traceback(account: Account) -> None:
    function = account.function(FAILING)
    account.invoke(function, "shoes")

    def lines() -> str:
        found = account.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        return "\n".join(event["message"] for event in found)

    account.eventually(lambda: "OutOfStock: no shoes" in lines())
