"""The domain in new_domain is tested in a copy of the repository (test_new_domain.py)."""

collect_ignore = ["new_domain"]
