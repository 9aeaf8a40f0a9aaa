"""What Schemathesis is told of the database that `fill.py` has filled: who asks, which rows are there, and
for each operation one request that is to succeed. It counts what was answered.

SCHEMATHESIS_HOOKS=hooks with PROOF, a file: {"identity": NAME or null, "password", "tally": FILE, and what
`fill.py` says}.
"""

import atexit
import collections
import copy
import itertools
import json
import os
import pathlib
import re
import urllib.parse
import zlib

import requests
import schemathesis
from bodies import fresh, with_one_change
from schemathesis.auths import AuthContext, set_on_case
from schemathesis.core.parameters import ParameterLocation

PROOF = json.loads(pathlib.Path(os.environ["PROOF"]).read_text())
# A row of its own for each deletion, as long as there are some.
deletable = {name: itertools.chain(paths) for name, paths in PROOF["paths"].items()}
number = itertools.count(1)
tally = collections.defaultdict(collections.Counter)
first_refusals = {}
# Why what the description allows was refused.
unsaid = collections.defaultdict(collections.Counter)
VALUE = re.compile(r"`[^`]*`")


def operation_id(operation):
    return operation.definition.raw["operationId"]


def quoted(path):
    """What stands in a path as text: Schemathesis does that only where it has drawn it itself."""
    return {
        key: urllib.parse.quote(value, safe="") if isinstance(value, str) else value
        for key, value in path.items()
    }


def audience(case, _context):
    """Whose key or token is wanted: that of a kind of machine, by its paths, or of the person who asks."""
    schemes = {scheme for one in case.operation.definition.raw.get("security", []) for scheme in one}
    if "key" in schemes:
        paths = PROOF["keys"] if PROOF["identity"] == "captain" else {}
        return next((path for path in paths if case.operation.path.startswith(path)), "nobody")
    return "person" if "bearer" in schemes and PROOF["identity"] else "nobody"


if PROOF["identity"]:

    @schemathesis.auth(cache_by_key=audience, retry_on=[401])
    class Credentials:
        def get(self, case, context):
            whose = audience(case, context)
            if whose != "person":
                return PROOF["keys"].get(whose)
            login = {"name": PROOF["identity"], "password": PROOF["password"]}
            answer = requests.post(f"{PROOF['address']}/api/v1/login", json=login, timeout=15)
            answer.raise_for_status()
            return answer.json()["access_token"]

        def set(self, case, data, context):
            case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_add_examples(context, examples):
    """The requests that are to succeed are asked first, while what they are about is as it was made."""
    operation = context.operation
    requested = []
    for request in copy.deepcopy(PROOF["requests"].get(operation_id(operation), [])):
        given = {"path_parameters": quoted(request["path"]), "query": request["query"]}
        if "body" in request:
            given |= {"body": request["body"], "media_type": "application/json"}
        case = operation.Case(**given, headers=request.get("headers"))
        set_on_case(case, AuthContext(operation=operation, app=None), None)
        requested.append(case)
    examples[:0] = requested


@schemathesis.hook
def before_call(context, case, kwargs):
    """Three of four requests are led to rows that are there, and differ from one that succeeds in one thing;
    what is drawn decides which.

    Not where Schemathesis goes on from what an answer said: it knows the rows that it made itself.
    """
    meta = case.meta
    if meta is None or meta.phase.name.value not in ("coverage", "fuzzing"):
        return
    drawn = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode())
    if drawn % 4 == 0:
        return
    name = operation_id(case.operation)
    request = next(iter(PROOF["requests"].get(name, [])), {})
    if is_right(case, ParameterLocation.PATH):
        case.path_parameters.update(quoted(row(case, name, drawn)))
    # A list goes on only from where it was; whatever else was drawn would not be read.
    if isinstance(case.query.get("cursor"), str):
        del case.query["cursor"]
    if is_right(case, ParameterLocation.QUERY):
        case.query.update(request.get("query", {}))
    if is_right(case, ParameterLocation.HEADER):
        # A state that nobody has seen is refused, and so is a key that came with another request.
        for header, right in (("If-Match", "*"), ("Idempotency-Key", f"proof-{next(number):016}")):
            if header in case.headers:
                case.headers[header] = right
    if isinstance(case.body, dict) and case.media_type == "application/json":
        right = request.get("body")
        if isinstance(right, dict):
            case.body = body(case, right, drawn)


def is_right(case, location):
    component = case.meta.components.get(location)
    return component is not None and component.mode.is_positive


def row(case, name, drawn):
    """The path of a row that is there, if there is one."""
    there = PROOF["paths"].get(name)
    if not there:
        return {}
    if case.method.upper() == "DELETE":
        return next(deletable[name], {})
    return there[drawn % len(there)]


def body(case, right, drawn):
    operation, validator = case.operation, case.operation.schema.adapter.jsonschema_validator_cls
    if case.method.upper() == "POST" and "201" in operation.definition.raw["responses"]:
        right = fresh(right, drawn % 2**24)

    def is_described(value):
        return case._validate_component(ParameterLocation.BODY, value, validator)

    has_to_be_right = is_right(case, ParameterLocation.BODY)
    return with_one_change(right, case.body, has_to_be_right, is_described, drawn >> 2)


@schemathesis.hook
def after_call(context, case, response):
    name = operation_id(case.operation)
    if case.method.upper() != case.operation.method.upper():
        return
    tally[name][response.status_code] += 1
    if case.meta is None:
        if response.status_code >= 300:
            first_refusals.setdefault(name, f"{response.status_code} {response.text[:300]}")
    elif case.meta.generation.mode.is_positive and response.status_code in (400, 422):
        unsaid[name][VALUE.sub("`…`", response.json().get("detail", ""))] += 1


@atexit.register
def told():
    counted = {"answers": tally, "refused": first_refusals, "unsaid": unsaid}
    pathlib.Path(PROOF["tally"]).write_text(json.dumps(counted))
