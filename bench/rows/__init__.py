"""Every row of the bench, in the order of the table."""

import parts  # noqa: F401  finds the harness of the tests
from rows import cluster, growth, login, memory, storm, verify, writes

ROWS = [*login.ROWS, *storm.ROWS, *verify.ROWS, *writes.ROWS, *memory.ROWS, *growth.ROWS, *cluster.ROWS]
