from django.db import models


class Note(models.Model):
    """The row that is inserted and read."""

    code = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bare"

    def __str__(self) -> str:
        return self.code
