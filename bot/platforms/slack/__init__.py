"""Slack: how documents look there."""
