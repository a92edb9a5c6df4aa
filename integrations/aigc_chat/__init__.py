"""The chat integration: one bot, and a thin skin for each platform it talks on.

``bot`` is what the bot does, and knows no platform. ``service`` answers customers from a folder of texts. ``skins``
hold what is particular to Matrix, XMPP, Telegram, Slack, Discord, Teams and Feishu, one file each.
"""
