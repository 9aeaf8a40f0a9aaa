"""What is there and what can be asked of it, for each operation."""

import re

from client import Refused

PARAMETER = re.compile(r"{(\w+)}")

# How many rows each operation has to itself, by what it does with them.
READ, CHANGED, DELETED = 2, 3, 6

# Made by hand, or left out of the run.
LATER = ("completeSetup", "createMyApiKey", "openShell", "register", "enrollAccessAgent")


class Filling:
    def __init__(self, client, rows):
        self.client = client
        self.rows = rows
        # For each operation the paths that it can be tried on, and whole requests.
        self.paths = {}
        self.requests = {}

    def tries(self, name, *paths, **request):
        """An operation that is to succeed on each of these paths; the first is asked with the request."""
        wanted = set(PARAMETER.findall(self.client.operations[name][1]))
        for path in paths:
            if path.keys() != wanted:
                raise Refused(f"`{name}` is at {wanted}, not {set(path)}")
        self.paths.setdefault(name, []).extend(paths)
        request = {"path": (paths or [{}])[0], "query": {}} | request
        if "body" not in request and self.client.body_of(name) is not None:
            request["body"] = self.rows.body(name)
        self.requests.setdefault(name, []).append(request)

    def plain(self):
        """Each operation on a row of which the description says how it is made."""
        makers = {}
        for name, (method, path, operation) in self.client.operations.items():
            makes = method == "POST" and "{" not in path and "201" in operation["responses"]
            if makes and name not in LATER:
                for _ in range(READ):
                    self.rows.make(name)
                makers[self.client.where(self.rows.location[name])[0]] = name
        for name, (method, path, operation) in self.client.operations.items():
            if name in self.requests:
                continue
            head = path[: path.rindex("}") + 1] if "{" in path else ""
            if head in makers:
                how_many = {"GET": 0, "DELETE": DELETED}.get(method, CHANGED)
                fresh = [self.rows.make(makers[head], aside=True) for _ in range(how_many)]
                self.tries(name, *(fresh or self.rows.kept[head]))
            elif not head:
                self.tries(name)
