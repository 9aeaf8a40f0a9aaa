"""The API as it describes itself: operations by their names, asked over HTTP."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request

METHODS = ("get", "post", "put", "patch", "delete")


class Refused(Exception):
    """An answer that is no success."""


def segments(template):
    """`/teams/{id}/members` as a pattern with a name for each parameter."""
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)) + r"\Z")


class Client:
    def __init__(self, address):
        self.address = address
        self.token = None
        with urllib.request.urlopen(f"{address}/openapi.json") as answer:
            self.description = json.load(answer)
        self.operations = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, methods in self.description["paths"].items()
            for method, operation in methods.items()
            if method in METHODS
        }
        # The longest first: `/users/{id}/devices/{device_id}` is no `/users/{id}`.
        self.templates = sorted(
            {path for path in self.description["paths"] if path.endswith("}")}, key=len, reverse=True
        )

    def resolve(self, schema):
        """A schema without what it refers to, the first of several."""
        while "$ref" in schema or "oneOf" in schema:
            if "oneOf" in schema:
                schema = schema["oneOf"][0]
            else:
                of = self.description
                for part in schema["$ref"].removeprefix("#/").split("/"):
                    of = of[part]
                schema = of
        return schema

    def body_of(self, name):
        """The schema of the body that an operation takes, if it takes one."""
        content = self.operations[name][2].get("requestBody", {}).get("content", {})
        return next((self.resolve(kind["schema"]) for kind in content.values()), None)

    def parameters_of(self, name):
        """The parameters that an operation cannot do without."""
        described = map(self.resolve, self.operations[name][2].get("parameters", []))
        return [parameter for parameter in described if parameter.get("required")]

    def where(self, location):
        """Which template an address is of, and its parameters."""
        path = urllib.parse.urlsplit(location).path
        for template in self.templates:
            if found := segments(template).match(path):
                given = {key: urllib.parse.unquote(value) for key, value in found.groupdict().items()}
                return template, {key: int(one) if one.isdigit() else one for key, one in given.items()}
        raise Refused(f"no operation is at `{location}`")

    def ask(self, name, path=None, query=None, body=None, headers=None, token=None):
        """What a successful answer says, and its headers."""
        method, template, _ = self.operations[name]
        quoted = {key: urllib.parse.quote(str(value), safe="") for key, value in (path or {}).items()}
        address = self.address + template.format(**quoted)
        if query:
            address += "?" + urllib.parse.urlencode(query)
        request = urllib.request.Request(address, method=method, headers=headers or {})
        if token := token or self.token:
            request.add_header("authorization", f"Bearer {token}")
        if body is not None:
            request.add_header("content-type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request) as answer:
                said = answer.read()
                is_json = "json" in answer.headers.get("content-type", "")
                return json.loads(said) if said and is_json else None, answer.headers
        except urllib.error.HTTPError as refusal:
            said = refusal.read().decode(errors="replace")
            raise Refused(f"`{name}` at {path} with {body}: {refusal.code} {said}") from None
