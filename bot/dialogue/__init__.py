"""The dialogue: what a message means, what the bot asks and says, and one committed turn for each message."""
