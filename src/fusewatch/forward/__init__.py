"""Samples that go on to other servers by remote write."""
