"""What an editor does with the knowledge: check it, try a text, find what it could not answer."""
