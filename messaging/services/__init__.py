"""The verbs of the takeaway platform."""
