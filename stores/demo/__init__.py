"""`make demo`: a whole installation on one machine, filled with merchants that try everything.

environment.py: places, ports and secrets · world.py: the parts of the demo, kept between runs ·
people.py: merchants, stores, staff, keys · preparing.py: database, static files, rows, sandbox ·
running.py: web, worker and sandbox under one supervisor. Apps add their part through `Domain.demo`
and `Domain.demo_info`.
"""
