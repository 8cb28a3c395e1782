"""Every row of the bench, in the order of the table."""

from rows import cluster, growth, login, memory, storm, verify, writes

ROWS = [*login.ROWS, *storm.ROWS, *verify.ROWS, *writes.ROWS, *memory.ROWS, *growth.ROWS, *cluster.ROWS]
