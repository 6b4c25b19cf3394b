"""Pictures that stand at the platform: what a customer has photographed, and a store's 安心卡.

The drawings are simple: they are only to be told apart.
"""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageDraw

from stores.sandbox import Reply

SOUP, CARD = "/pictures/soup.jpg", "/pictures/card.jpg"
PATHS = (SOUP, CARD)
_SIZE = (640, 480)


def reply(path: str) -> Reply:
    return Reply(_jpeg(path), content_type="image/jpeg")


@cache
def _jpeg(path: str) -> bytes:
    picture = Image.new("RGB", _SIZE, "#e8ddcb")
    draw = ImageDraw.Draw(picture)
    if path == SOUP:
        _draw_soup(draw)
    else:
        _draw_card(draw)
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=80)
    return written.getvalue()


def _draw_soup(draw: ImageDraw.ImageDraw) -> None:
    """A bowl from above, with noodles and something green."""
    draw.ellipse((110, 30, 530, 450), fill="#ffffff", outline="#b9b0a2", width=4)
    draw.ellipse((150, 70, 490, 410), fill="#c9873a")
    for shift in range(0, 200, 22):
        draw.arc((180, 60 + shift, 460, 220 + shift), 20, 160, fill="#f6e3a1", width=9)
    for left, top in ((220, 150), (380, 180), (300, 290), (240, 320), (400, 310)):
        draw.ellipse((left, top, left + 38, top + 22), fill="#3f8f3a")


def _draw_card(draw: ImageDraw.ImageDraw) -> None:
    """A shield with a tick."""
    draw.polygon(
        [(320, 50), (500, 110), (490, 280), (320, 430), (150, 280), (140, 110)], fill="#15803d"
    )
    draw.line([(240, 230), (300, 300), (415, 170)], fill="#ffffff", width=34, joint="curve")
