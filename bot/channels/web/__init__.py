"""The web channel: the conversation on a page that shows its transcript, live with a script and without one."""
