"""Reads what people paste as an address: name, phone, city, street, door and a wished time, in any
order.
"""

import re
from dataclasses import dataclass

from delivery.services.wished_times import cut_time
from stores.text import without_marks

LONGEST = 500
# Parts of a pasted address that are fields of an order by the same names.
FOUND = ("name", "phone", "city", "address", "detail", "wanted")
_PHONE = re.compile(
    r"(?<![0-9])(?:\+?86[- ]?)?"
    r"(1[0-9]{2}[- ]?[0-9]{4}[- ]?[0-9]{4}|0[0-9]{2,3}[- ]?[0-9]{7,8}|[48]00-?[0-9]{3}-?[0-9]{4})"
    r"(?:\s*(?:转|分机|ext\.?|[-_#,，])\s*([0-9]{1,6}))?(?![0-9])",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:收\s*[货件]\s*人|收件|联系人|姓名|手机号?码?|联系电话|电话|所在地区|详细地址|收货地址|地址|地区)"
    r"(?:姓名|信息)?(?:\s*[:：]\s*|(?=[0-9+]))"
)
# What is written behind a name: `陈女士收`, `赵（女士）`.
_TAKES = re.compile(r"(?<=[\u4e00-\u9fff]{2})(?:亲?收|启)(?=$|[\s,，;；、|/])")
_TITLE = re.compile(r"(?<=[\u4e00-\u9fff])[(（](先生|女士|小姐|老师)[)）]")
_APART = re.compile(r"[\s,，;；、|/]+")
_PROVINCE = re.compile(r"^[\u4e00-\u9fff]{2,7}?(?:省|自治区|特别行政区)")
_CITY = re.compile(r"^([\u4e00-\u9fff]{2,7}?(?:市|自治州|地区|盟))")
_OF_STATE = ("北京市", "上海市", "天津市", "重庆市")
_IN_ADDRESS = re.compile(r"[省市区县镇乡村路街道巷弄号楼幢栋座室苑园城厦]")
# So a street, a district or a house ends, and no name of a person.
_PLACE_ENDS = re.compile(r".{2,}[省市区县镇乡村路街道巷弄号楼幢栋座室]")
# What follows a street after a space, as in `文三路 478 号 A 座`.
_SHORT = re.compile(r"[0-9A-Za-z#-]{1,6}|单元|层")
# From here on it is the door and not the street.
_DOOR = re.compile(r"(?:[0-9A-Za-z一二三四五六七八九十]+(?:号楼|幢|栋|座|单元|室|层|楼)).*$")
_NAME = re.compile(r"[\u4e00-\u9fff·]{1,8}(?:先生|女士|小姐|老师)?|[A-Za-z][A-Za-z .'-]{0,30}")


@dataclass(frozen=True)
class Pasted:
    """What was found; "" for what was not. `wanted` is a time with its date, `rest` what belongs to
    nothing.
    """

    name: str = ""
    phone: str = ""
    city: str = ""
    address: str = ""
    detail: str = ""
    wanted: str = ""
    rest: str = ""


def read_pasted(text: str) -> Pasted:
    """Returns the parts of a pasted address; a phone keeps its extension as 13800138000-1234."""
    plain = without_marks(text[:LONGEST]).replace("\u3000", " ")
    phone, plain = _cut_phone(_LABEL.sub(" ", plain))
    wanted, plain = cut_time(plain)
    plain = _TAKES.sub("", _TITLE.sub(r"\1", plain))
    parts = [part for part in _APART.split(plain) if part]
    name = _name_of(parts)
    places = _places_of(parts, name)
    known = {name, *places}
    doors = [part for part in parts if part not in known and _DOOR.fullmatch(part)]
    rest = [part for part in parts if part not in known and part not in doors]
    city, address, detail = _split("".join(places))
    return Pasted(
        name=name,
        phone=phone,
        city=city,
        address=address,
        detail="".join([detail, *doors]),
        wanted=wanted,
        rest=" ".join(rest),
    )


def _cut_phone(text: str) -> tuple[str, str]:
    found = _PHONE.search(text)
    if found is None:
        return "", text
    number, extension = re.sub(r"[- ]", "", found[1]), found[2]
    # A landline's hyphen says where its area code ends.
    number = found[1].replace(" ", "") if found[1].startswith("0") else number
    phone = f"{number}-{extension}" if extension else number
    return phone, f"{text[: found.start()]} {text[found.end() :]}"


def _name_of(parts: list[str]) -> str:
    """Returns the part that is most likely a person's name; "" when none is."""
    found = [part for part in parts if _NAME.fullmatch(part) and _can_be_name(part)]
    return next((part for part in found if not _IN_ADDRESS.search(part)), "".join(found[:1]))


def _can_be_name(part: str) -> bool:
    if len(part) == 1:
        return not part.isascii() and not _IN_ADDRESS.search(part)
    return not (_is_place(part) or _PLACE_ENDS.fullmatch(part))


def _places_of(parts: list[str], name: str) -> list[str]:
    """Returns the parts of the address in their order, also those that spaces took apart."""
    ends = [part for part in parts if _PLACE_ENDS.fullmatch(part)]
    if len(ends) < 2 and not any(_is_place(part) for part in parts):
        return []
    places: list[str] = []
    before = ""
    for part in parts:
        follows = bool(places) and places[-1] == before
        is_of_it = _is_place(part) or (part != name and _IN_ADDRESS.search(part) is not None)
        is_door = not follows and _DOOR.fullmatch(part) is not None
        if (is_of_it and not is_door) or (follows and _SHORT.fullmatch(part)):
            places.append(part)
        before = part
    return places


def _is_place(part: str) -> bool:
    return len(_IN_ADDRESS.findall(part)) > 1 or _is_long(part)


def _split(place: str) -> tuple[str, str, str]:
    """Returns city, address without the door, and the door."""
    rest = _PROVINCE.sub("", place)
    found = _CITY.match(rest)
    city = found[1] if found else ""
    if not city:
        city = next((name for name in _OF_STATE if place.startswith(name[:2])), "")
        rest = rest.removeprefix(city[:2]) if city else rest
    else:
        rest = rest[len(city) :]
    if rest.startswith(city) and city in _OF_STATE:
        rest = rest[len(city) :]
    door = _DOOR.search(rest)
    if door is None or not door.start():
        return city, rest, ""
    return city, rest[: door.start()], door[0]


def _is_long(part: str) -> bool:
    return len(part) > 8 and _IN_ADDRESS.search(part) is not None
