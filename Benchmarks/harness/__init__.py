"""Builds, starts, loads and reads the servers under Servers/."""
