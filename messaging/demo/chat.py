"""What the demo's stores have set for their chat."""

from messaging.models import QuickReply
from stores.models import Merchant

REPLIES = (
    ("在做了", "您好，您的 {number} 号单（{dishes}）后厨正在做，做好马上交给骑手。"),
    ("几点送到", "您好，预计 {expected} 送到，请保持电话畅通。"),
    ("少送漏送", "非常抱歉！请拍一张收到的餐品照片发过来，我们马上为您处理。"),
    ("感谢", "感谢您的支持，祝您用餐愉快！"),
)


def set_up(merchant: Merchant) -> None:
    """Writes the quick replies of all stores of a merchant."""
    QuickReply.objects.bulk_create(
        QuickReply(merchant=merchant, title=title, text=text, position=10 * place)
        for place, (title, text) in enumerate(REPLIES, 1)
    )
