"""What the demo's stores have set for their chat."""

from datetime import time

from messaging.models import ChatHours, ChatStore, QuickReply, TakeawayStore
from stores.models import Merchant

REPLIES = (
    ("在做了", "您好，您的 {number} 号单（{dishes}）后厨正在做，做好马上交给骑手。"),
    ("几点送到", "您好，预计 {expected} 送到，请保持电话畅通。"),
    ("少送漏送", "非常抱歉！请拍一张收到的餐品照片发过来，我们马上为您处理。"),
    ("感谢", "感谢您的支持，祝您用餐愉快！"),
)

AWAY = "我们已打烊，明早 10 点后回复您。急事请在订单页联系骑手或美团客服。"
OPEN = ((time(10), time(14, 30)), (time(17), time(1)))


def open_chat(binding: TakeawayStore) -> None:
    """Sets business hours, and what is said outside of them."""
    chat = ChatStore.objects.create(binding=binding, is_on=True, answers_away=True, away=AWAY)
    ChatHours.objects.bulk_create(
        ChatHours(chat=chat, opens=opens, closes=closes) for opens, closes in OPEN
    )


def set_up(merchant: Merchant) -> None:
    """Writes the quick replies of all stores of a merchant."""
    QuickReply.objects.bulk_create(
        QuickReply(merchant=merchant, title=title, text=text, position=10 * place)
        for place, (title, text) in enumerate(REPLIES, 1)
    )
