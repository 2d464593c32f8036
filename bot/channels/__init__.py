"""The channels: how people reach the conversation, one file or folder each."""
