"""Pictures: any diffusers pipeline, the project's own small text-to-image model, and upscaling."""
