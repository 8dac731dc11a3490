"""A client: inserts rows one by one through an address, and notes every row whose commit was acknowledged.

Run as a program in the client's namespace: writer.py HOST OUTPUT. Ends on SIGTERM.
Each line of OUTPUT: the row's number and the monotonic time of its acknowledgement.
"""
import select
import signal
import socket
import sys
import time

import psycopg2
import psycopg2.extensions

PORT = 5432
# How long a client waits for an answer before it takes the connection for dead.
PATIENCE = 2.0


def wait(connection, end):
    """Drives an asynchronous connection until it is idle; False when the time is over."""
    while True:
        state = connection.poll()
        if state == psycopg2.extensions.POLL_OK:
            return True
        left = end - time.monotonic()
        if left <= 0:
            return False
        if state == psycopg2.extensions.POLL_READ:
            select.select([connection.fileno()], [], [], left)
        else:
            select.select([], [connection.fileno()], [], left)


def connect(host):
    """A connection, or None; a plain TCP attempt goes first, as libpq's own timeout is 2 s at least."""
    try:
        socket.create_connection((host, PORT), timeout=0.15).close()
        connection = psycopg2.connect(
            host=host, port=PORT, user="app", dbname="postgres", async_=True, application_name="writer")
        return connection if wait(connection, time.monotonic() + PATIENCE) else None
    except (OSError, psycopg2.Error):
        return None


def insert(connection, number):
    """Whether the row's commit was acknowledged."""
    try:
        cursor = connection.cursor()
        cursor.execute("INSERT INTO lab_rows (id) VALUES (%s)", (number,))
        return wait(connection, time.monotonic() + PATIENCE)
    except psycopg2.Error:
        return False


def main(host, path):
    is_wanted = True

    def end(*_):
        nonlocal is_wanted
        is_wanted = False

    signal.signal(signal.SIGTERM, end)
    connection = None
    # Numbers differ between runs of the writer on one table.
    number = time.time_ns() // 1000 * 1000
    with open(path, "a", encoding="ascii", buffering=1) as output:
        while is_wanted:
            connection = connection or connect(host)
            if connection is None:
                time.sleep(0.02)
                continue
            number += 1
            if insert(connection, number):
                output.write(f"{number} {time.monotonic():.6f}\n")
            else:
                connection.close()
                connection = None
            time.sleep(0.002)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
