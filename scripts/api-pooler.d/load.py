"""Many clients at once: each reads, asks for a permission, lists and writes, without a pause.

    python3 load.py ADDRESS TOKEN CLUSTER CLIENTS SECONDS [STATUS ...]

Prints how many answers of each status there were, how many a second, and the time within which half and
99 % of them came. The exit code is 1 when one was not what the request asks for, nor one of the statuses
that are named. What is written has a name that begins with `load-`.
"""

import collections
import http.client
import json
import sys
import threading
import time


def question(cluster, number, turn):
    """Method, path, body, and the status that is right."""
    match turn % 5:
        case 0:
            body = {"cluster_id": int(cluster), "name": f"load-{number}-{time.time_ns()}"}
            return "POST", "tracing-configs", body | {"endpoint": "http://collector:4317"}, 201
        case 1 | 2:
            return "GET", f"clusters/{cluster}", None, 200
        case 3:
            return "POST", "authz/check", {"questions": [{"permission": "user:read"}]}, 200
        case _:
            return "GET", "users", None, 200


def client(number, address, token, cluster, end, answers):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    connection = http.client.HTTPConnection(address, timeout=60)
    turn = 0
    while time.monotonic() < end:
        turn += 1
        method, path, body, right = question(cluster, number, turn)
        began = time.monotonic()
        body = None if body is None else json.dumps(body)
        try:
            connection.request(method, f"/api/v1/{path}", body, headers)
            answer = connection.getresponse()
            said, status = answer.read(), answer.status
        except (OSError, http.client.HTTPException) as broken:
            said, status = repr(broken).encode(), 0
            connection.close()
            time.sleep(0.1)
        answers.append((status, status == right, time.monotonic() - began, said))


def main(address, token, cluster, clients, seconds, *allowed):
    end = time.monotonic() + float(seconds)
    # A list can be added to by all of them at once.
    answers = []
    threads = [
        threading.Thread(target=client, args=(number, address, token, cluster, end, answers))
        for number in range(int(clients))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = collections.Counter(status for status, *_ in answers)
    took = sorted(took for _, _, took, _ in answers)
    statuses = ", ".join(f"{count} × {status}" for status, count in sorted(counted.items()))
    half, most = took[len(took) // 2], took[len(took) * 99 // 100]
    print(f"{statuses}; {len(answers) / float(seconds):.0f}/s, {half * 1000:.0f} and {most * 1000:.0f} ms")
    allowed = {int(status) for status in allowed}
    wrong = [said for status, is_right, _, said in answers if not is_right and status not in allowed]
    for said in wrong[:5]:
        print(said.decode(errors="replace")[:500], file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main(*sys.argv[1:])
