"""An order in Meituan's form, written by hand; amounts add up to the fen."""

import json
from typing import Any

ORDER_ID = 27060130000000001


def order(**changed: Any) -> dict[str, Any]:
    """Two bags: 2 × 23.80 + 12.50, boxes 3.00, delivery 4.00, less 8.10: 59.00 yuan."""
    return {
        "orderId": ORDER_ID,
        "orderIdView": ORDER_ID + 7,
        "ePoiId": "shop-001",
        "poiName": "演示店",
        "daySeq": "12",
        "status": 2,
        "payType": 2,
        "ctime": 1616400000,
        "utime": 1616400060,
        "deliveryTime": 0,
        "estimateArrivalTime": 1616402400,
        "recipientName": "林女士",
        "recipientPhone": "13800138000_4321",
        "backupRecipientPhone": '["13900139000_77","13700137000_88"]',
        "recipientAddress": "花园路 8 号 3 栋 1201@#北京市海淀区花园路",
        "shippingFee": 4.0,
        "total": 59.0,
        "originalPrice": 67.1,
        "caution": "少辣 【如遇缺货】：退款 收餐人隐私号 13800138000_4321，手机号 138****8000",
        "dinnersNumber": 2,
        "logisticsCode": "1001",
        "detail": json.dumps(
            [
                {
                    "food_name": "宫保鸡丁",
                    "sku_id": "s1",
                    "quantity": 2,
                    "price": 23.8,
                    "box_num": 2,
                    "box_price": 1,
                    "unit": "份",
                    "spec": "大份",
                    "food_property": "微辣,不要香菜",
                    "cart_id": 0,
                },
                {
                    "food_name": "酸梅汤",
                    "sku_id": "s2",
                    "quantity": 1,
                    "price": 12.5,
                    "box_num": 0.5,
                    "box_price": 2,
                    "unit": "杯",
                    "cart_id": 1,
                },
            ],
            ensure_ascii=False,
        ),
        "extras": json.dumps(
            [
                {
                    "reduce_fee": 8.1,
                    "remark": "满 50 减 8.1",
                    "mt_charge": 5,
                    "poi_charge": 3.1,
                    "type": 2,
                },
                {},
            ],
            ensure_ascii=False,
        ),
        "poiReceiveDetail": json.dumps(
            {
                "wmPoiReceiveCent": 4870,
                "foodShareFeeChargeByPoi": 630,
                "logisticsFee": 400,
                "onlinePayment": 5900,
            }
        ),
    } | changed
