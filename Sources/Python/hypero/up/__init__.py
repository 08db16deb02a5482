"""`hypero up`: a private Redis server and an ingest on this machine, for one user.

Trainings and queries of the user find the server without configuration. Scripts/up does the same without Python, in the same folder.
"""
