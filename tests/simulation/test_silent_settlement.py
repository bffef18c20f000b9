"""A closing event whose every delivery was turned away leaves money with the shop: the reconciler finds the order."""

from datetime import timedelta

from tests.simulation.stage import Stage

TOTAL = 2900
_A_WHILE = timedelta(minutes=11)


def test_a_settlement_that_nobody_heard_of_is_done_after_all(stage: Stage) -> None:
    stage.place()
    stage.comes_to_rest()
    stage.cancel()
    stage.relay()
    waiting = stage.shop.consumer("payment.settle").queue.messages
    assert len(waiting) == 1
    waiting.clear()
    stage.shop.settle_down()
    assert (stage.status, stage.money) == ("CANCELLED", (TOTAL, 0, False)), "nothing has been given back"

    stage.shop.tick(_A_WHILE)
    stage.comes_to_rest()
    assert stage.money == (TOTAL, TOTAL, False)

    closings = len([published for published in stage.shop.bus if published.type == "OrderCancelled"])
    for _ in range(5):
        stage.shop.tick(_A_WHILE)
        stage.comes_to_rest()
    again = len([published for published in stage.shop.bus if published.type == "OrderCancelled"])
    assert (closings, again) == (2, 2), "the payment has spoken: nobody asks it again"
