"""Drills: a checklist run against a live server or platform, kept as a row with all messages.

checklist.py: the list of checks · results.py: what a check found · drill.py: the base of what
checks work with · runner.py: starts runs and continues them · report.py and pages.py: the pages.
A domain writes a Checklist, a Drill and the checks, and derives admin, command and task from these.
"""
