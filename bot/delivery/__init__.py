"""The delivery: everything that leaves the service, and everything that is looked up behind a person's back."""
