"""The main job: a brief in, one folder of content out."""
