"""The video plugin: motion from pictures, frames in between, and any video pipeline of diffusers."""
