"""Account pages: what stands behind the links in letters."""
