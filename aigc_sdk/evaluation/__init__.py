"""Measures of what was made: does the picture show what was asked, and how close is a frame to the true one."""
