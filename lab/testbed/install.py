"""Installs what the lab runs, by name; no service of the distribution is started."""
import os
import pathlib

from .basics import run

PACKAGES = [
    "pacemaker", "corosync", "crmsh", "pacemaker-cli-utils", "resource-agents", "resource-agents-paf", "fence-agents", "libxml2-utils",
    "iproute2", "iputils-ping", "tini", "psmisc", "procps", "strace", "postgresql", "postgresql-common", "python3", "python3-psycopg2",
]
POLICY = pathlib.Path("/usr/sbin/policy-rc.d")
CREATE = pathlib.Path("/etc/postgresql-common/createcluster.conf")


def missing():
    def is_there(name):
        result = run(["dpkg-query", "-W", "-f", "${Status}", name], check=False)
        return "ok installed" in result.stdout
    return [name for name in PACKAGES if not is_there(name)]


def install(progress=print):
    names = missing()
    if not names:
        return
    progress(f"installing {' '.join(names)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    made = []
    try:
        # Services of the machine stay as they are, and no database cluster is made.
        if not POLICY.exists():
            POLICY.write_text("#!/bin/sh\nexit 101\n")
            POLICY.chmod(0o755)
            made.append(POLICY)
        if not CREATE.exists() and not CREATE.parent.exists():
            CREATE.parent.mkdir(parents=True)
            CREATE.write_text("create_main_cluster = false\n")
        run(["apt-get", "update", "-q"], timeout=600, env=environment)
        run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", *names],
            timeout=1800, env=environment)
    finally:
        for path in made:
            path.unlink(missing_ok=True)
