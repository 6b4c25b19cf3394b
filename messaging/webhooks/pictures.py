"""The address from which Meituan fetches a picture that the shop has sent."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from messaging.models import ChatPicture


@require_safe
def chat_picture(request: HttpRequest, slug: str) -> HttpResponse:
    picture = ChatPicture.objects.filter(slug=slug).first()
    if picture is None:
        raise Http404
    answer = HttpResponse(bytes(picture.content), content_type="image/jpeg")
    answer["Cache-Control"] = "private, max-age=86400, immutable"
    answer["X-Robots-Tag"] = "noindex"
    answer["Content-Disposition"] = "inline"
    return answer
