"""Adapters that publish a content as messages in a room: its words, and then its pictures, sounds and clips.

They speak HTTP by themselves and not through the bot's skins: what a publication needs is that each call is sent once,
found again after a crash, and tried again as all adapters do; what a bot needs is a connection that is kept.
"""
