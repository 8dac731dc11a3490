"""The out-of-band controller: switches the power of nodes for the fence agent, as a BMC or a hypervisor does."""
import os
import signal
import socket
import sys
import threading
import time

from .basics import LabError
from .lab import Lab


def answer(lab, request, lock):
    action, _, name = request.strip().partition(" ")
    if action == "list":
        return "\n".join(lab.nodes)
    if action == "monitor":
        return "ok"
    node = lab.nodes.get(name)
    if node is None:
        return f"no node \"{name}\""
    if action == "status":
        return "on" if node.init_process() else "off"
    with lock:
        if action in ("off", "reboot"):
            node.power_off()
        if action in ("on", "reboot"):
            node.power_on()
    return "ok"


def serve(lab, link, lock):
    with link:
        request = b""
        while chunk := link.recv(4096):
            request += chunk
        began = time.monotonic()
        try:
            said = answer(lab, request.decode(), lock)
        except (LabError, OSError) as error:
            said = f"failed: {error}"
        with open(lab.state / "power.log", "a", encoding="utf-8") as log:
            log.write(f"{request.decode().strip()}: {said}\n")
        with open(lab.state / "power.times", "a", encoding="utf-8") as times:
            times.write(f"{began:.6f} {time.monotonic():.6f} {request.decode().strip()}\n")
        link.sendall(said.encode())


def main(name):
    lab = Lab.load(name)
    path = lab.shared / "power" / "socket"
    path.unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    lock = threading.Lock()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        while True:
            link, _ = listener.accept()
            threading.Thread(target=serve, args=(lab, link, lock), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1])
