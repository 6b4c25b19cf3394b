"""The slip that calls the shop to an urgent chat message."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from messaging.receipts.lines import Line, Rule, Size, Text
from stores.platforms.reading import BEIJING


@dataclass(frozen=True)
class Slip:
    """What stands on it; phones are masked already. `scene` is what Meituan calls the trouble."""

    store_name: str
    at: datetime
    scene: str = ""
    words: str = ""
    day_number: int | None = None
    view_id: str = ""


def slip_lines(slip: Slip) -> Iterator[Line]:
    yield Text("顾客紧急消息", Size.BIG, bold=True, centred=True)
    yield Text(slip.store_name, centred=True)
    yield Rule()
    if slip.view_id:
        number = "" if slip.day_number is None else f"#{slip.day_number} "
        yield Text(f"{number}订单号 {slip.view_id}", bold=True)
    else:
        yield Text("下单前咨询", bold=True)
    if slip.scene:
        yield Text(slip.scene)
    yield Text(slip.words or "(请在“顾客消息”里查看)", Size.TALL, bold=True)
    yield Rule()
    yield Text(f"{slip.at.astimezone(BEIJING):%m-%d %H:%M} 发来，还没有人看")
    yield Text("请马上在“顾客消息”里回复")
