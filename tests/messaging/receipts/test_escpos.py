import segno

from messaging.receipts.escpos import receipt_bytes
from messaging.receipts.lines import MM58, MM80, Columns, Line, QrCode, Rule, Size, Text
from messaging.receipts.preview import receipt_text
from tests.messaging.receipts.parsing import parse

ADDRESS = "https://shop.example.com/o/27060130000000001"


def test_a_small_receipt_byte_by_byte() -> None:
    lines: list[Line] = [
        Text("#7", Size.BIG, bold=True, centred=True),
        Rule(),
        Columns("牛肉面", "x2", "56.00"),
        Columns("实付", right="¥56.00", size=Size.TALL),
        Text("谢谢👍"),
    ]
    assert receipt_bytes(lines, MM58) == b"".join(
        [
            b"\x1b@\x1c&",
            b"\x1d!\x11\x1bE\x01" + b" " * 7 + b"#7\n",
            b"\x1d!\x00\x1bE\x00" + b"-" * 32 + b"\n",
            b"\xc5\xa3\xc8\xe2\xc3\xe6" + b" " * 12 + b"   x2    56.00\n",
            b"\x1d!\x01\xca\xb5\xb8\xb6" + b" " * 21 + b"\xa3\xa456.00\n",
            b"\x1d!\x00\xd0\xbb\xd0\xbb[\xb1\xed\xc7\xe9]\n",
            b"\x1bd\x04\x1dV\x42\x00",
        ]
    )


def test_a_printer_without_a_knife_is_not_asked_to_cut() -> None:
    assert receipt_bytes([], MM58, cut=False) == b"\x1b@\x1c&\x1bd\x04"


def test_the_buzzer_sounds_before_the_first_row_and_nine_times_at_most() -> None:
    assert receipt_bytes([], MM58, beeps=2).startswith(b"\x1b@\x1c&\x1bB\x02\x03")
    assert receipt_bytes([], MM58, beeps=70).startswith(b"\x1b@\x1c&\x1bB\x09\x03")


def test_a_qr_code_is_drawn_in_the_middle_of_the_paper() -> None:
    printed = parse(receipt_bytes([QrCode(ADDRESS)], MM58))
    modules = [list(row) for row in segno.make(ADDRESS, error="m").matrix_iter(border=4)]
    scale = 6
    margin = (384 - len(modules) * scale) // 2
    dots = [[int(bit) for byte in row for bit in f"{byte:08b}"] for row in printed.dots]
    assert max(map(len, dots)) <= 384
    ends = margin + len(modules) * scale
    drawn = [row[margin:ends] for row in dots]
    assert [row[::scale] for row in drawn[::scale]] == modules
    assert [row[scale - 1 :: scale] for row in drawn[scale - 1 :: scale]] == modules
    assert not any(any(row[:margin]) or any(row[ends:]) for row in dots)


def test_a_preview_says_what_a_qr_code_holds() -> None:
    assert receipt_text([QrCode("http://a.cn/1")], MM58) == ["[二维码] http://a.cn/1"]


def test_what_is_no_short_address_is_printed_as_text() -> None:
    for content in ("谢谢", "a" * 201, "http://a.cn/\x1b@", "a b"):
        assert parse(receipt_bytes([QrCode(content)], MM80)).dots == []
    assert receipt_text([QrCode("谢谢")], MM80) == ["谢谢"]
    assert parse(receipt_bytes([QrCode("a" * 200)], MM58)).dots


def test_a_long_name_is_wrapped_beside_its_quantity_and_price() -> None:
    lines = [Columns("超级加量香辣小龙虾盖浇饭", "x1", "38.00")]
    assert receipt_text(lines, MM58) == ["超级加量香辣小龙虾   x1    38.00", "盖浇饭"]
    assert receipt_text(lines, MM80) == ["超级加量香辣小龙虾盖浇饭" + " " * 10 + "   x1    38.00"]


def test_a_price_that_leaves_no_room_stands_below_the_name() -> None:
    lines = [Columns("牛肉面", "x2", "56.00", size=Size.BIG)]
    assert receipt_text(lines, MM58) == ["牛肉面", "        x2 56.00"]
    assert receipt_text([Columns("温度", right="9" * 40)], MM58) == [
        "温度",
        "9" * 32,
        " " * 24 + "9" * 8,
    ]


def test_a_title_stands_in_its_rule_or_replaces_it() -> None:
    assert receipt_text([Rule("1号口袋")], MM58) == ["----------- 1号口袋 -----------"]
    assert receipt_text([Rule("很" * 17)], MM58) == ["很" * 16, "很"]
