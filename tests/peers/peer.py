"""What the scripts that start servers for the tests have in common."""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def fail(message):
    sys.exit(f"{Path(sys.argv[0]).name}: {message}")


def free_ports(names):
    """One free port for each name, all held until the last is found; below the range of outgoing connections."""
    held, ports, candidate = [], {}, 20000 + os.getpid() % 10000
    for name in names:
        while name not in ports:
            candidate = candidate + 1 if candidate < 32000 else 20000
            probe = socket.socket()
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                probe.close()
                continue
            held.append(probe)
            ports[name] = candidate
    for probe in held:
        probe.close()
    return ports


def run(*command, seconds=60):
    """Runs one command to its end. Its output goes to a file: a daemon that it leaves behind would keep a pipe open."""
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                              timeout=seconds, start_new_session=True)
        output.seek(0)
        text = output.read()
    if done.returncode:
        fail(f"{' '.join(map(str, command))}\n{text}")
    return text


def wait_for(port, log, seconds=30):
    """Returns when something listens on `port`; fails with the ends of the log files in the folder `log`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return
        except OSError:
            time.sleep(0.05)
    lines = "".join(path.read_text()[-2000:] for path in sorted(log.glob("*.log")))
    fail(f"nothing listens on port {port} after {seconds} s\n{lines}")


def end(pid_file, word):
    """Ends the process whose id is in `pid_file`, if `word` is still in its command line: ids are given out again."""
    try:
        pid = int(pid_file.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    except (OSError, ValueError):
        return
    if word not in command:
        return
    for wanted, seconds in ((signal.SIGTERM, 8), (signal.SIGKILL, 2)):
        try:
            os.kill(pid, wanted)
        except ProcessLookupError:
            return
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not Path(f"/proc/{pid}").exists():
                return
            time.sleep(0.05)


def new_folder(directory):
    """Makes `directory`, which must be empty: nothing of an earlier run is to be met again."""
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        fail(f"{directory} is not empty")
    directory.chmod(0o755)


def dispatch(commands, usage):
    """Calls the command named on the command line with its folder and whatever follows."""
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(usage)
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    commands[sys.argv[1]](Path(sys.argv[2]).resolve(), *sys.argv[3:])
