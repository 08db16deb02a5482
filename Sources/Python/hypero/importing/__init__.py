"""`hypero import`: runs of other tools become experiments.

Each module reads one tool's files, and yields runs. No module needs the tool.
"""
