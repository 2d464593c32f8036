"""Whoever answers for accounts: accounts, recovery, verification, tickets, limits, audit and the two queues."""
