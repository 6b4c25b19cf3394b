def remind() -> None:
    """Would remind receivers."""
