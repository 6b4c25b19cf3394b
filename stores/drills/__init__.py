"""Drills: a checklist that is run against a live server or platform, and kept as a row with all messages.

checklist.py: the list of checks · results.py: what a check found · drill.py: what checks work with · runner.py: starts
runs and goes on with them · report.py and pages.py: the back office's pages · command.py: the command.
A domain writes a Checklist, a Drill and the checks, and derives its admin, command and task from these.
"""
