"""The safety card of the demo: filled in yesterday, to be filled in today."""

from datetime import timedelta

from messaging.choices import CardAudit, CardState
from messaging.models import SafetyCard, SavedCard, TakeawayStore
from messaging.services.cards import setting_up
from messaging.wire.cards import CardRow
from stores.demo.world import World

PEOPLE = (
    CardRow("厨师", "王师傅", "36.5"),
    CardRow("厨师", "陈师傅", "36.4"),
    CardRow("打包员", "小李", "36.7"),
)
FILLED_BY = "小李"


def fill(world: World, binding: TakeawayStore) -> None:
    card = SafetyCard.objects.create(
        binding=binding,
        on_receipt=True,
        tips="每一份餐都在 150 ℃ 以上的热锅里现做，请放心食用。",
        is_signed=True,
        audit=CardAudit.NORMAL,
        asked_at=world.now,
    )
    at = world.now - timedelta(days=1)
    SavedCard.objects.create(
        card=card,
        day=at.date(),
        content=setting_up.whole_card(card, PEOPLE).as_biz(),
        state=CardState.SAVED,
        filled_by=FILLED_BY,
        filled_at=at,
        saved_at=at,
    )
