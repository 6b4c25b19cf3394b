from django.urls import path

from messaging.api import chat_views as views

app_name = "chat-api"
urlpatterns = [
    path("", views.Conversations.as_view(), name="conversations"),
    path("<int:pk>/messages/", views.Messages.as_view(), name="messages"),
]
