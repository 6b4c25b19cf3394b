"""System checks: refuse to start with what would lose money, secrets or tasks."""
