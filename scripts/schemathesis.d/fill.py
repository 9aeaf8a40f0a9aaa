"""Fills an empty database over HTTP, and says for each operation one request that is to succeed.

    python3 fill.py ADDRESS FOLDER_OF_MAIL < {"password": ..., "metrics": ...} > {"paths", "requests", "keys"}

What it says is read by `hooks.py`: the rows that are there, a request for each operation, and the keys
of the machines.
"""

import json
import sys

from client import Client
from filling import Filling
from machines import agents, displays, machines, proxies
from people import people
from rows import Rows
from work import fleet, jobs, tests


def main(address, folder):
    given = json.load(sys.stdin)
    client = Client(address)
    login = {"name": "captain", "password": given["password"]}
    client.token = client.ask("login", body=login)[0]["access_token"]
    filling = Filling(client, Rows(client))
    for part in (agents, proxies, displays, machines, jobs, fleet, tests):
        part(filling)
    people(filling, folder, given["password"])
    filling.plain()
    keys = {
        "/api/v1/access-agents/enroll": filling.enrolment_key,
        "/api/v1/access-agents/self/": filling.agent_key,
        "/api/v1/display": filling.display_key,
        "/api/v1/proxy/": filling.cluster_key,
        "/metrics": given["metrics"],
    }
    json.dump({"paths": filling.paths, "requests": filling.requests, "keys": keys}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
