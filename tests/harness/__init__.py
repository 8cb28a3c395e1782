"""What the whole-server tests share: starting servers and databases, speaking to them, and forging what they refuse.

Everything here listens on loopback or a Unix socket in a temporary folder, waits no longer than a stated time, and
ends only the processes that it started, by their process id.
"""
