"""A burst on one function waits for a few environments instead of starting one each; layers are unpacked once."""

from concurrent.futures import ThreadPoolExecutor

from emulator.fixes.cold_starts import ENVIRONMENTS
from tests.emulator.account import Account

WHERE = """
    import os, time, kit

    def handler(event, context):
        time.sleep(0.02)
        return [os.getpid(), kit.__file__]
"""


def test_a_burst_shares_environments_and_layers(account: Account) -> None:
    functions = account.client("lambda")
    bucket, key = account.put_layer("").removeprefix("s3://").split("/", 1)
    layer = functions.publish_layer_version(LayerName=account.name("layer"), Content={"S3Bucket": bucket, "S3Key": key})
    function = account.function(WHERE)
    functions.update_function_configuration(FunctionName=function, Layers=[layer["LayerVersionArn"]])
    calls = 6 * ENVIRONMENTS
    with ThreadPoolExecutor(calls) as pool:
        answers = list(pool.map(account.invoke, [function] * calls))
    assert {error for error, _answer in answers} == {None}
    processes, modules = ({answer[n] for _error, answer in answers} for n in (0, 1))
    assert 1 < len(processes) <= ENVIRONMENTS
    assert len(modules) == 1, "one unpacked layer for all"
