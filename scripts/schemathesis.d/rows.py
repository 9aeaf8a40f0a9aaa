"""Rows that are made by what the description says an operation requires."""

import datetime
import itertools
import subprocess

# Which operation makes what a field refers to.
REFERS = {
    "agent_id": "enrollAccessAgent",
    "api_id": "createApiDefinition",
    "cluster_id": "createCluster",
    "environment_id": "createTestEnvironment",
    "host_id": "createFleetHost",
    "machine_id": "createCloudMachine",
    "page_id": "createWebPage",
    "provider_id": "createCloudProvider",
    "query_id": "createFleetQuery",
    "service_id": "createService",
    "user_id": "createUser",
}
# Numbers that are not as good as any other.
SMALL = {"port": 8443, "after_seconds": 3600, "took_ms": 3}


def moment(hours):
    """A moment so many hours from now, as the API reads it."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def certificate(days):
    """A certificate that nobody has yet, and its key."""
    key, chain = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + ["-days", str(days), "-subj", "/CN=proof.example.org", "-keyout", "-", "-out", "-"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("-----END PRIVATE KEY-----\n")
    return chain, key + "-----END PRIVATE KEY-----\n"


class Rows:
    def __init__(self, client):
        self.client = client
        self.number = itertools.count(1)
        # The rows of each template that others may refer to, and the first that each operation made.
        self.kept = {}
        self.firsts = {}
        # What each operation answered last: keys are shown once.
        self.said = {}
        self.location = {}

    def special(self, name, number):
        """What rules want beyond the description."""
        match name:
            case "createCertificate" | "renewCertificate":
                chain, key = certificate(60 if name == "renewCertificate" else 30)
                given = {"cert_data": chain, "key_data": key}
                return given | ({"source_type": "upload"} if name == "createCertificate" else {})
            case "setCertificateKey":
                return {"value": certificate(30)[1]}
            case "createEgg":
                return {"egg_type": "snap", "snap_name": f"egg-{number}"}
            case "createEggGroup":
                return {"eggs": []}
            case "createElderApp":
                host = self.client.ask("showElderHost", self.first("createElderHost"))[0]
                return {"hosts": [host["hostname"]]}
            case "createElderHost":
                return {"fqdn": f"host-{number}.example.org", "ip_address": "192.0.2.7"}
            case "createEnrollmentKey":
                return {"expires_at": moment(24), "max_uses": 500}
            case "enrollAccessAgent":
                return {"capabilities": ["ssh"]}
            case "createFleetAlert":
                return {"alert_condition": "any_row"}
            case "createFleetQuery":
                return {"query": "SELECT 1"}
            case "createFleetHost" | "reportFleetHost":
                return {"fleet_host_id": number, "hostname": f"host-{number}"}
            case "addEmailItem":
                return {"email_item_id": number, "requires_processing": True}
            case "createIpxeMachine" | "createServer" | "reportBootEvent":
                return {"mac_address": "02:00:00:00:{:02x}:{:02x}".format(*divmod(number, 256))}
            case "createMaasConfig" | "setMaasApiKey":
                return {"api_key": "a:b:c"}
            case "createSshCaConfig":
                key = "AAAAC3NzaC1lZDI1NTE5AAAAINzyqgKREZSKbYsIVzYyj/VBE7ZrMhzEIPvH3cQkygnL"
                terms = {"private_key_vault_path": "ssh/people", "principals_allowed": ["deploy"]}
                return {"public_key": f"ssh-ed25519 {key}"} | terms
            case "createTestUser" | "register":
                return {"email": f"person-{number}@example.org"}
            case "createUser":
                return {"username": f"person-{number}"}
            case "createPermission":
                return {"resource": f"thing{number}", "action": "read"}
            case "storeSecret":
                return {"path": f"proof/secret-{number}"}
            case "openShell":
                return {"resource_type": "cloud_machine", "resource_id": "web", "session_type": "ssh"}
            case "requestDeployment":
                return {"machine_id": self.make("createCloudMachine")["id"]}
            case "registerProxy":
                return {"ip_address": "192.0.2.7"}
            case "createTracingConfig":
                return {"endpoint": f"http://at-{number}.example.org"}
        return {}

    def value(self, field, schema, number):
        """A value of a field, other for each number where it may be."""
        schema = self.client.resolve(schema)
        kind = schema.get("type", "object")
        kind = kind[0] if isinstance(kind, list) else kind
        if "enum" in schema:
            return schema["enum"][0]
        if field in REFERS:
            return self.first(REFERS[field])["id"]
        if schema.get("format") == "date-time":
            return moment(-1)
        match kind:
            case "string" if field.endswith("url"):
                return f"https://at-{number}.example.org"
            case "string" if field == "path":
                return f"/at/{number}"
            case "string":
                return f"{field.replace('_', '-')}-{number}"
            case "integer" | "number":
                return SMALL.get(field, schema.get("minimum", number))
            case "boolean":
                return True
            case "array":
                return []
        return self.without(schema, {}, number)

    def without(self, schema, given, number):
        """What a schema requires beside what is given."""
        known = schema.get("properties", {})
        wanted = [field for field in schema.get("required", []) if field not in given]
        return {field: self.value(field, known.get(field, {}), number) for field in wanted}

    def body(self, name, **given):
        """A body with what is required, what is special, and what is given."""
        schema = self.client.body_of(name)
        if schema is None:
            return None
        number = next(self.number)
        given = self.special(name, number) | given
        return self.without(schema, given, number) | given

    def make(self, name, path=None, aside=False, **given):
        """A new row: the parameters of the path that it is found at. One aside is not referred to."""
        token = None
        if name == "enrollAccessAgent":
            self.first("createEnrollmentKey")
            token = self.said["createEnrollmentKey"]["key"]
        said, answered = self.client.ask(name, path, body=self.body(name, **given), token=token)
        self.location[name] = answered["location"]
        template, parameters = self.client.where(answered["location"])
        self.said[name] = said
        if not aside:
            self.kept.setdefault(template, []).append(parameters)
        return parameters

    def first(self, name):
        """The first row that an operation has made, which it makes if need be."""
        if name not in self.firsts:
            self.firsts[name] = self.make(name)
        return self.firsts[name]
