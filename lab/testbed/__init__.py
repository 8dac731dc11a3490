"""A real Pacemaker cluster with PostgreSQL on one machine, in namespaces."""
