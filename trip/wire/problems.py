"""The errors of a field in Chinese, for `describe`, which Meituan's staff read."""

from enum import StrEnum

from stores.platforms.reading import Malformed, Problem


class TripProblem(StrEnum):
    """Errors that only Meituan's messages can have."""

    NO_BODY = "is missing or of a wrong type"
    NOT_AGREED = "is none of the agreed values"
    NOT_OBJECTS = "is no list of objects"
    ITEM_NO_OBJECT = "has an item that is no object"
    NOT_AN_OBJECT = "is no object"
    UNKNOWN_METHOD = "is neither page nor multi"
    DAYS_IN_NO_ORDER = "is before the first day or more than a year later"
    NO_MOBILE = "is no mobile number"
    NO_CREDENTIAL = "is no number of its kind of certificate"


TEXTS: dict[str, str] = {
    Problem.MISSING: "{field}缺失",
    Problem.NOT_WHOLE: "{field}缺失或不是整数",
    Problem.OUT_OF_RANGE: "{field}超出范围：{least}至{most}",
    Problem.NOT_MONEY: "{field}不是金额",
    Problem.TOO_PRECISE: "{field}多于两位小数",
    Problem.TOO_SMALL: "{field}不能小于{least}",
    Problem.NOT_TEXT: "{field}不是文本",
    Problem.TOO_LONG: "{field}过长：最多{most}个字符",
    Problem.NOT_A_DAY: "{field}不是日期 yyyy-MM-dd",
    Problem.NOT_A_MOMENT: "{field}不是时间 yyyy-MM-dd HH:mm:ss",
    Problem.NOT_A_LIST: "{field}不是列表",
    Problem.TOO_MANY: "{field}过长：最多{most}项",
    TripProblem.NO_BODY: "{field}缺失或类型不正确",
    TripProblem.NOT_AGREED: "{field}不在约定范围内",
    TripProblem.NOT_OBJECTS: "{field}不是对象列表",
    TripProblem.ITEM_NO_OBJECT: "{field}的成员不是对象",
    TripProblem.NOT_AN_OBJECT: "{field}不是对象",
    TripProblem.UNKNOWN_METHOD: "{field}只能是page或multi",
    TripProblem.DAYS_IN_NO_ORDER: "{field}应不早于startTime，且不超过一年",
    TripProblem.NO_MOBILE: "游玩人手机号格式不正确",
    TripProblem.NO_CREDENTIAL: "游玩人证件号格式不正确",
}


def describe(malformed: Malformed) -> str:
    return TEXTS[malformed.problem].format(field=malformed.field, **malformed.limits)
