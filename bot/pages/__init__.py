"""Account pages: create, sign in, recover, profile, and what stands behind the links in letters."""
