"""Requests about people, their teams, and what they prove themselves with."""

import base64
import hmac
import pathlib
import time
import urllib.parse

from client import Refused
from filling import CHANGED

PASSWORD = "a long enough passphrase"


def mailed(folder, address):
    """The token in the mail to an address, when it has come."""
    for _ in range(300):
        for path in pathlib.Path(folder).glob("*.eml"):
            text = path.read_bytes().decode()
            if f"\r\nTo: {address}\r\n" in text and "#token=" in text:
                return text.split("#token=")[1].split()[0]
        time.sleep(0.1)
    raise Refused(f"no mail to `{address}` came")


def one_time(uri):
    """The password of this moment, by the seed in the address that a device is given (RFC 6238)."""
    seed = urllib.parse.parse_qs(urllib.parse.urlsplit(uri).query)["secret"][0]
    seed = base64.b32decode(seed + "=" * (-len(seed) % 8))
    digest = hmac.digest(seed, int(time.time() // 30).to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def careful(filling, folder):
    """Somebody who has a second factor."""
    client, person = filling.client, filling.rows.body("register", password=PASSWORD)
    said, answered = client.ask("register", body=person)
    client.ask("verifyEmail", body={"token": mailed(folder, person["email"])})
    login = {"name": person["username"], "password": PASSWORD}
    token = client.ask("login", body=login)[0]["access_token"]
    enrolled = client.ask("enrolMySecondFactor", body={"password": PASSWORD}, token=token)[0]
    client.ask("confirmMySecondFactor", body={"otp": one_time(enrolled["uri"])}, token=token)
    return client.where(answered["location"])[1]


def people(filling, folder, password):
    rows, client = filling.rows, filling.client
    me = client.ask("showMe")[0]["user"]["id"]
    anyone = {"if-match": "*"}
    setting = {"key": "users.registration_enabled"}
    client.ask("setSetting", setting, body={"value": True}, headers=anyone)
    filling.tries("showSetting", setting)
    filling.tries("updateRole", *(rows.make("createRole") for _ in range(CHANGED)), headers=anyone)
    teams = [rows.make("createTeam") for _ in range(CHANGED)]
    members = []
    for team in teams:
        for _ in range(CHANGED):
            body = {"user_id": rows.make("createUser")["id"], "role": "member"}
            client.ask("addTeamMember", team, body=body)
            members.append(team | {"user_id": body["user_id"]})
    filling.tries("listMyTeamMembers", teams[0])
    fresh = {"user_id": rows.make("createUser")["id"], "role": "viewer"}
    filling.tries("addTeamMember", teams[0], body=fresh)
    filling.tries("showTeamMember", *members[:2])
    filling.tries("changeTeamMember", *members[2 : 2 + CHANGED], body={"role": "admin"})
    filling.tries("removeTeamMember", *members[2 + CHANGED :])
    machine = str(rows.first("createCloudMachine")["id"])
    machine = {"resource_type": "cloud_machine", "resource_id": machine}
    filling.tries("assignResource", *(team | machine for team in teams), body={"permissions": ["read"]})
    for team in teams:
        client.ask("assignResource", team | machine, body={"permissions": ["read"]})
    filling.tries("withdrawResource", *(team | machine for team in teams[1:]))
    filling.tries("showMyResourceAccess", machine)
    filling.tries("explainResourceAccess", {"id": me} | machine)
    key = {"name": "laptop", "scopes": []}
    filling.tries("createMyApiKey", body=key)

    def key_id():
        return client.ask("createMyApiKey", body=key)[0]["api_key"]["id"]

    filling.tries("revokeMyApiKey", *({"id": key_id()} for _ in range(CHANGED)))
    filling.tries("revokeUserApiKey", *({"id": me, "key_id": key_id()} for _ in range(CHANGED)))
    filling.tries("checkPermissions", body={"questions": [{"permission": "user:read"}]})
    filling.tries("explainPermission", body={"permission": "user:read"})
    filling.tries("removeUserSecondFactor", careful(filling, folder))
    login = {"name": "captain", "password": password}
    filling.tries("login", body=login)
    refresh = client.ask("login", body=login)[0]["refresh_token"]
    filling.tries("refresh", body={"refresh_token": refresh})
    person = rows.body("register", password=PASSWORD)
    client.ask("register", body=person)
    filling.tries("verifyEmail", body={"token": mailed(folder, person["email"])})
    filling.tries("register", body=rows.body("register", password=PASSWORD))
    filling.tries("requestPasswordReset", body={"name": person["username"]})
