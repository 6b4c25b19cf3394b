"""The least that a Django REST framework view can do: check a key, insert a row, read a row."""
