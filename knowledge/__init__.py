"""Knowledge-base editors: every sentence that the bot says, and the code that loads, checks and matches it."""
