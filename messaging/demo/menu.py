"""What the demo's stores sell, and to whom. Nobody here exists."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plate:
    """One dish; prices are fen, `box` is what its box costs."""

    name: str
    price: int
    box: int = 100
    spec: str = ""
    wishes: str = ""


TEA_HOUSE = (
    Plate("鲜虾云吞面", 2600, 150),
    Plate("干炒牛河", 2800, 150, "大份"),
    Plate("菠萝包", 800, 0),
    Plate("冻柠茶", 1200, 100, "中杯", "少冰,半糖"),
    Plate("黑椒牛柳饭", 3200, 150, "", "微辣"),
    Plate("白灼菜心", 1600),
)
CAT_CAFE = (
    Plate("拿铁", 2400, 100, "大杯", "热"),
    Plate("美式", 1800, 100, "中杯", "去冰"),
    Plate("芝士蛋糕", 2800, 200),
    Plate("猫爪棉花糖可可", 2600, 100),
)
PEOPLE = ("林女士", "周先生", "吴女士", "郑先生", "何女士", "罗先生", "宋女士", "唐先生")
STREETS = ("花园路 8 号 3 栋 1201", "梅川路 55 弄 6 号", "云台大厦 18 楼", "枫林里 2 号 402")
REMARKS = ("", "", "", "少辣，谢谢", "放门口，不要按门铃", "多给一双筷子", "不要香菜")
