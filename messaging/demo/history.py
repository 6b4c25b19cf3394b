"""Past weeks of takeaway orders: finished, some cancelled, some refunded."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from django.utils import timezone

from messaging.choices import DeliveryState, OrderState, RefundState
from messaging.demo.menu import PEOPLE, REMARKS, STREETS, Plate
from messaging.models import Order, Refund, TakeawayStore
from messaging.wire.orders import Discount, Dish
from stores.demo.world import World

FIRST_NUMBER = 27_060_000_000_000_000
NOON, EVENING = range(11, 14), range(17, 21)
SHARE_PERCENT = 18
DELIVERY = 400


def live_through(world: World, row: TakeawayStore, plates: Sequence[Plate], a_day: int) -> None:
    """Writes the orders of the past days, up to two hours ago."""
    midnight = timezone.localtime(world.now).replace(hour=0, minute=0, second=0, microsecond=0)
    orders = []
    for ago in range(world.days, -1, -1):
        begin = midnight - timedelta(days=ago)
        moments = sorted(_moment(world, begin) for _ in range(world.rng.randint(a_day, a_day + 5)))
        past = [at for at in moments if at < world.now - timedelta(hours=2)]
        orders += [_order(world, row, plates, at, seq) for seq, at in enumerate(past, 1)]
    number = FIRST_NUMBER + row.pk * 1_000_000
    for position, order in enumerate(orders):
        order.order_id, order.view_id = str(number + position), str(number + 7_000_000 + position)
    Order.objects.bulk_create(orders)
    Refund.objects.bulk_create([_refund(world, order) for order in orders if _is_unhappy(order)])


def _moment(world: World, day: datetime) -> datetime:
    hour = world.rng.choice([*NOON, *EVENING])
    return day.replace(hour=hour, minute=world.rng.randrange(60), second=world.rng.randrange(60))


def _order(
    world: World, row: TakeawayStore, plates: Sequence[Plate], at: datetime, seq: int
) -> Order:
    rng = world.rng
    chosen = rng.sample(list(plates), rng.randint(1, 3))
    dishes = [_dish(plate, rng.randint(1, 2)) for plate in chosen]
    asked = sum(dish.amount + dish.box_amount for dish in dishes) + DELIVERY
    off = Discount("满减优惠", 500, 200, 300) if asked > 5000 else None
    paid = asked - (off.amount if off else 0)
    fee = (paid - DELIVERY) * SHARE_PERCENT // 100
    is_cancelled = rng.random() < 0.04
    over = at + timedelta(minutes=rng.randint(28, 55))
    return Order(
        connection=row.connection,
        store=row.store,
        day_number=seq,
        state=OrderState.CANCELLED if is_cancelled else OrderState.FINISHED,
        delivery=DeliveryState.NONE if is_cancelled else DeliveryState.DELIVERED,
        heard_at=at + timedelta(seconds=1),
        ordered_at=at,
        accepted_at=at + timedelta(seconds=rng.randint(5, 90)),
        finished_at=None if is_cancelled else over,
        cancelled_at=over if is_cancelled else None,
        cancel_code="1103" if is_cancelled else "",
        expected_at=at + timedelta(minutes=40),
        ready_at=None if is_cancelled else at + timedelta(minutes=15),
        guests=rng.randint(1, 3),
        logistics="1001",
        paid=paid,
        original=asked,
        shipping_fee=DELIVERY,
        received=paid + (off.by_meituan if off else 0) - DELIVERY - fee,
        service_fee=fee,
        delivery_charge=DELIVERY,
        content={
            "dishes": [asdict(dish) for dish in dishes],
            "discounts": [asdict(off)] if off else [],
        },
        customer={
            "recipient": rng.choice(PEOPLE),
            "phones": [f"1390000{rng.randrange(10_000):04}_{rng.randrange(10_000):04}"],
            "remark": rng.choice(REMARKS),
        },
        said_at=over,
        address_removed_at=over + timedelta(hours=3),
    )


def _dish(plate: Plate, quantity: int) -> Dish:
    return Dish(
        name=plate.name,
        spec=plate.spec,
        wishes=plate.wishes,
        quantity=quantity,
        unit="份",
        price=plate.price,
        boxes=quantity if plate.box else 0,
        box_amount=plate.box * quantity,
        bag=1,
        sku="",
    )


def _is_unhappy(order: Order) -> bool:
    return order.state == OrderState.CANCELLED or int(order.order_id) % 29 == 0


def _refund(world: World, order: Order) -> Refund:
    is_part = order.state == OrderState.FINISHED
    at = (order.finished_at or order.ordered_at) + timedelta(minutes=20)
    first = order.dishes[0]
    return Refund(
        order=order,
        refund_id=str(int(order.order_id) % 1_000_000_000),
        state=RefundState.AGREED,
        is_part=is_part,
        money=first["price"] if is_part else None,
        reason=f"{first['name']}少送了" if is_part else "不想要了",
        applied_at=at,
        decided_at=at + timedelta(minutes=world.rng.randint(1, 60)),
    )


def waiting(row: TakeawayStore, plates: Sequence[Plate], now: datetime) -> list[dict[str, object]]:
    """Returns orders that customers of the simulated Meituan place when the demo is new."""
    tonight = int((now + timedelta(hours=3)).timestamp())
    made: list[dict[str, object]] = []
    for position, (person, street) in enumerate(zip(PEOPLE[:3], STREETS, strict=False)):
        made.append(
            {
                "order_id": FIRST_NUMBER + 900_000_000 + row.pk * 1000 + position,
                "epoi_id": row.connection.account,
                "dishes": [
                    {"name": plate.name, "price": plate.price, "quantity": 1, "spec": plate.spec}
                    for plate in plates[position : position + 2]
                ],
                "caution": REMARKS[-1 - position],
                "recipient": {"name": person, "address": street},
                "delivery_time": tonight if position == 2 else 0,
            }
        )
    return made
