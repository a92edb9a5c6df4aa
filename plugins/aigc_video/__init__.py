"""Moving pictures: any diffusers video pipeline, motion over stills, and frame interpolation."""
