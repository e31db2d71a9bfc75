"""Streams that go through named pipes of others: each is dialled, and relayed."""
