"""What an author may rely on. Pure data and protocols; imports nothing else of the project.

The public names are flat in :mod:`aigc_sdk`.
"""
