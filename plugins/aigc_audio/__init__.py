"""The audio plugin: speech and sound from text, text from speech."""
