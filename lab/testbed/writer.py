"""A client: inserts rows one by one through an address, and notes every row whose commit was acknowledged.

Run as a program in the client's namespace: writer.py HOST OUTPUT [OPTIONS]. Ends on SIGTERM.
Each line of OUTPUT: the row's number, the monotonic times of its acknowledgement and of its sending, and the timeline
on which the server wrote it. With a namespace, a network namespace's name, connections begin there: beside the server,
where an address answers whatever is cut outside.
"""
import argparse
import ctypes
import os
import select
import signal
import socket
import time

import psycopg2
import psycopg2.extensions

PORT = 5432
# How long a client waits for an answer before it takes the connection for dead. A commit that was given up isn't
# acknowledged, whatever becomes of it, so that this only says how finely a gap is measured.
PATIENCE = 0.5
# A client beside the server isn't there to measure gaps; every commit that it gives up keeps a connection waiting.
PATIENCE_BESIDE = 3.0
PAUSE = 0.002
INSERT = ("INSERT INTO lab_rows (id) VALUES (%s) "
          "RETURNING ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int")
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def enter(path):
    """Goes to a network namespace; sockets stay where they were made."""
    with open(path, "rb") as file:
        if LIBC.setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {path}")


class Client:
    """A connection that is opened when it is needed, and closed when it disappoints."""

    def __init__(self, host, namespace=None, patience=None):
        self.host, self.namespace = host, namespace
        self.patience = patience or (PATIENCE_BESIDE if namespace else PATIENCE)
        self.home = f"/proc/{os.getpid()}/fd/{os.open('/proc/self/ns/net', os.O_RDONLY)}"
        self.connection = None

    def connect(self):
        """Whether there is a connection now; a plain TCP attempt goes first, as libpq's own timeout is 2 s at least."""
        if self.connection:
            return True
        try:
            self.connection = self._begin()
            if self._wait():
                return True
        except (OSError, psycopg2.Error):
            pass
        self.close()
        return False

    def _begin(self):
        if self.namespace:
            enter(f"/run/netns/{self.namespace}")
        try:
            socket.create_connection((self.host, PORT), timeout=0.15).close()
            return psycopg2.connect(
                host=self.host, port=PORT, user="app", dbname="postgres", async_=True, application_name="writer")
        finally:
            if self.namespace:
                # Whoever stays there would go with the node's power.
                enter(self.home)

    def insert(self, number):
        """The timeline on which the row was acknowledged, or None."""
        try:
            cursor = self.connection.cursor()
            cursor.execute(INSERT, (number,))
            if self._wait():
                return cursor.fetchone()[0]
        except psycopg2.errors.ReadOnlySqlTransaction:
            # What a standby says; it may be promoted one day.
            return None
        except psycopg2.Error:
            pass
        self.close()
        return None

    def _wait(self):
        """Drives the asynchronous connection until it is idle; False when patience is over."""
        end = time.monotonic() + self.patience
        while True:
            state = self.connection.poll()
            if state == psycopg2.extensions.POLL_OK:
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            if state == psycopg2.extensions.POLL_READ:
                select.select([self.connection.fileno()], [], [], left)
            else:
                select.select([], [self.connection.fileno()], [], left)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


def parser():
    top = argparse.ArgumentParser(prog="writer.py")
    top.add_argument("host")
    top.add_argument("output")
    top.add_argument("--pause", type=float, default=PAUSE, help="seconds between two rows")
    top.add_argument("--patience", type=float, help="seconds until a connection without an answer is given up")
    top.add_argument("--namespace", help="where connections begin")
    top.add_argument("--fresh", action="store_true", help="open a connection for each row")
    return top


def main(options):
    is_wanted = True

    def end(*_):
        nonlocal is_wanted
        is_wanted = False

    signal.signal(signal.SIGTERM, end)
    client = Client(options.host, options.namespace, options.patience)
    # Numbers differ between runs of the writer on one table.
    # Writers that begin in the same moment have rows of their own: a million of each process and second.
    number = (int(time.time()) << 32) + (os.getpid() % 4096 << 20)
    with open(options.output, "a", encoding="ascii", buffering=1) as output:
        while is_wanted:
            if not client.connect():
                time.sleep(max(0.02, options.pause))
                continue
            number += 1
            sent = time.monotonic()
            timeline = client.insert(number)
            if timeline is not None:
                output.write(f"{number} {time.monotonic():.6f} {sent:.6f} {timeline}\n")
            if options.fresh:
                client.close()
            time.sleep(options.pause)


if __name__ == "__main__":
    main(parser().parse_args())
