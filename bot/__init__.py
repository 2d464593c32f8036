"""Whoever runs the conversation: the dialogue, the flows, the channels, the account pages and the help desk."""
