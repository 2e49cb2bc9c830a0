#!/usr/bin/env bash
# Alertmanager 0.25.0 tells nobody of an alert that fires for longer than group_wait, because its last firing is over.
#
# The documentation says of group_wait how long a group's first message is waited for. An alert that has ended, and whose
# end was told, stays in the store until it is collected, by default after half an hour. A reload of the configuration
# makes groups anew of all that is in the store, so also one of nothing but that ended alert, which is looked at at
# once: the group is then no new one any more. What fires anew waits for the group's next turn (group_interval, 8 s
# here) instead of group_wait (1 s), and one that has ended by then is never told: here it fires for 4 s. Without the
# reload the same second firing, as long after the first one's end, is told after a second. Prometheus does by itself
# what the reload does here: it sends the end of an alert for fifteen minutes, and each sending keeps the group.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
apt-get download -qq prometheus-alertmanager=0.25.0-1+b4
dpkg-deb -x prometheus-alertmanager_*.deb .

cat >try.py <<'PY'
import contextlib, http.server, json, socket, subprocess, sys, threading, time, urllib.request
from datetime import datetime, timedelta, timezone

told = []

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["status"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass

receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
with open("alertmanager.yml", "w") as file:
    json.dump(
        {
            "route": {"receiver": "r", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "8s"},
            "receivers": [
                {"name": "r", "webhook_configs": [{"url": f"http://127.0.0.1:{receiver.server_port}/"}]}
            ],
        },
        file,
    )

def post(path, content=b""):
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", content, headers, method="POST")
    urllib.request.urlopen(request, timeout=5).read()

def alert(name, starts, ends):
    times = {"startsAt": starts.isoformat(), "endsAt": ends.isoformat()}
    post("/api/v2/alerts", json.dumps([{"labels": {"alertname": name}, **times}]).encode())

def until(count):
    end = time.monotonic() + 30
    while len(told) < count and time.monotonic() < end:
        time.sleep(0.05)
    assert len(told) == count, told

def now():
    return datetime.now(timezone.utc)

def twice(name, between):
    """Fire, end, wait for both messages, then fire for four seconds; return what is told of that in 18 s."""
    told.clear()
    start = now()
    alert(name, start, start + timedelta(hours=1))
    until(1)
    alert(name, start, now())
    until(2)
    between()
    told.clear()
    start = now()
    alert(name, start, start + timedelta(hours=1))
    time.sleep(4)
    alert(name, start, now())
    time.sleep(14)
    return list(told)

binary = "usr/bin/prometheus-alertmanager"
arguments = [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--storage.path=data"]
server = subprocess.Popen([binary, "--config.file=alertmanager.yml", *arguments], stderr=subprocess.DEVNULL)
try:
    for _ in range(100):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1)
            break
        time.sleep(0.1)
    # An empty group is removed within half a minute.
    print("without a reload:", twice("plain", lambda: time.sleep(32)))

    def reload():
        time.sleep(32)
        post("/-/reload")
        time.sleep(0.5)

    print("after a reload:", twice("reloaded", reload))
finally:
    server.terminate()
    server.wait(20)
PY
usr/bin/prometheus-alertmanager --version 2>&1 | head -1
python3 try.py | tee seen
diff seen - <<'SEEN'
without a reload: ['firing', 'resolved']
after a reload: []
SEEN
