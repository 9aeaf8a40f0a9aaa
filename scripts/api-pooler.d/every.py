"""Asks each operation once, in the way that `fill.py` says is to succeed, and prints whether it did.

    PYTHONPATH=scripts/schemathesis.d python3 every.py ADDRESS PASSWORD FILLED

A line for each operation: its name, and `succeeded` or `refused`; why it was refused is said on standard
error.
"""

import json
import sys

from client import Client, Refused

# They end the session of whoever asks, or want what is known only by then: a one-time password, a state.
# `fill.py` has gone that way with somebody, and `api-pooler` asks for a new pair of tokens.
LEFT_OUT = (
    "changeMyPassword",
    "choosePassword",
    "completeSetup",
    "confirmMySecondFactor",
    "endMySession",
    "endUserSession",
    "enrolMySecondFactor",
    "logout",
    "refresh",
    "removeMySecondFactor",
    "replaceMyRecoveryCodes",
    "sendMyVerification",
    "startPasswordReset",
)


def main(address, password, filled):
    with open(filled) as file:
        filled = json.load(file)
    client = Client(address)
    login = {"name": "captain", "password": password}
    client.token = client.ask("login", body=login)[0]["access_token"]
    for name, requests in sorted(filled["requests"].items()):
        if name in LEFT_OUT:
            continue
        _, path, operation = client.operations[name]
        token = None
        if any("key" in scheme for scheme in operation.get("security", [])):
            token = next((key for head, key in filled["keys"].items() if path.startswith(head)), None)
        request = requests[0]
        given = {part: request.get(part) for part in ("path", "query", "body", "headers")}
        try:
            client.ask(name, **given, token=token)
            print(name, "succeeded")
        except Refused as refusal:
            print(name, "refused")
            print(refusal, file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
