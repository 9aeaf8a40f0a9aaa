"""Requests to machines and of machines: agents, proxies, displays, and those of the cloud."""

from filling import CHANGED


def agents(filling):
    rows, client = filling.rows, filling.client
    agent = rows.make("enrollAccessAgent")
    filling.agent_key = rows.said["enrollAccessAgent"]["token"]
    filling.enrolment_key = rows.said["createEnrollmentKey"]["key"]

    def shell():
        return rows.make("openShell", agent_id=agent["id"], reason="the disk is full")

    filling.tries("openShell", body=rows.body("openShell", agent_id=agent["id"], reason="the disk is full"))
    filling.tries("showShell", shell(), shell())
    for name in ("endShell", "endMyShell", "reportShellEnd", "reportShellRecording"):
        filling.tries(name, *(shell() for _ in range(CHANGED)))
    others = [rows.make("enrollAccessAgent") for _ in range(CHANGED)]
    filling.tries("changeAccessAgentStatus", *others, body={"status": "suspended"})
    filling.tries("showAccessAgent", agent, others[0])
    for name in ("updateAccessAgent", "deleteAccessAgent"):
        filling.tries(name, *(rows.make("enrollAccessAgent") for _ in range(CHANGED)))
    keys = [rows.make("createEnrollmentKey") for _ in range(CHANGED)]
    filling.tries("revokeEnrollmentKey", *keys)
    filling.tries("showCertificateTerms", rows.first("createSshCaConfig"), query={"principals": "deploy"})


def proxies(filling):
    rows, client = filling.rows, filling.client
    cluster = rows.make("createCluster")
    filling.cluster_key = rows.said["createCluster"]["key"]
    service = rows.make("createService", cluster_id=cluster["id"])
    of = {"cluster_id": cluster["id"], "service_id": service["id"]}
    table = rows.make("createRouteTable", **of, routes=[{"endpoint": "a:1"}, {"endpoint": "b:1"}])
    tracing = rows.make("createTracingConfig", cluster_id=cluster["id"])
    rows.make("createQosPolicy", **of)
    # Without a licence a cluster takes three, of which the run is to register some.
    own = client.ask("registerProxy", body=rows.body("registerProxy"), token=filling.cluster_key)[0]
    names = {"name": own["name"]}

    def proxy():
        rows.make("createCluster")
        key = rows.said["createCluster"]["key"]
        return {"id": client.ask("registerProxy", body=rows.body("registerProxy"), token=key)[0]["id"]}

    filling.tries("showProxyServer", {"id": own["id"]}, proxy())
    for name in ("updateProxyServer", "deleteProxyServer"):
        filling.tries(name, *(proxy() for _ in range(CHANGED)))
    filling.tries("setProxyServerStatus", *(proxy() for _ in range(CHANGED)), body={"status": "inactive"})
    filling.tries("noteProxyConfig", body={"config_version": "v2"} | names)
    filling.tries("sayProxyStatus", body={"status": "active"} | names)
    filling.tries("reportProxyMetrics", body=names)
    client.ask("reportProxyMetrics", body=names, token=filling.cluster_key)
    metric = client.ask("listProxyMetrics")[0]["items"][0]
    filling.tries("showProxyMetric", {"id": metric["id"]})
    filling.tries("chooseEndpointForProxy", table)
    filling.tries("chooseEndpoint", table)
    filling.tries("reportProbe", table, body={"endpoint": "a:1", "rtt_ms": 3})
    traces = rows.body("reportTraces", total_spans=2, sampled_spans=1, dropped_spans=1, error_spans=0)
    filling.tries("reportTraces", tracing, body=traces)
    client.ask("reportTraces", tracing, body=traces, token=filling.cluster_key)
    stat = client.ask("listTracingStats")[0]["items"][0]
    filling.tries("showTracingStat", {"id": stat["id"]})
    for kind, make in (("Cluster", "createCluster"), ("Service", "createService")):
        people = [{"user_id": rows.make("createUser")["id"]} | rows.make(make) for _ in range(CHANGED)]
        filling.tries(f"assign{kind}", *people)
        for path in people:
            client.ask(f"assign{kind}", path, body=rows.body(f"assign{kind}"))
        filling.tries(f"withdraw{kind}", *people)


def displays(filling):
    rows, client = filling.rows, filling.client
    captain = {"id": client.ask("showMe")[0]["user"]["id"]}
    app = {"iname": "clock", "name": "clock", "path": "clock.star", "use_custom_recurrence": True}
    app["recurrence"] = {"every": "weekly", "interval": 1, "pattern": {"weekdays": ["monday"]}}
    place = {"lat": 1.5, "lng": 2.5, "locality": "Bergen"}

    def display():
        said, answered = client.ask("addDisplay", captain, body={"location": place, "apps": [app]})
        return client.where(answered["location"])[1]

    one = display()
    filling.display_key = client.ask("renewDisplayKey", one)[0]["key"]
    of = {"iname": "clock"}
    filling.tries("addDisplay", captain, body={"location": place, "apps": [app]})
    filling.tries("listDisplays", captain)
    filling.tries("saveDisplays", {"id": rows.make("createUser")["id"]}, body={"displays": [{"display": {}}]})
    filling.tries("saveDisplay", captain | {"device_id": "0000000a"}, body={"display": {"name": "hall"}})
    for name in ("showDisplay", "showDisplayDue"):
        filling.tries(name, one)
    filling.tries("updateDisplay", display(), display(), body={})
    filling.tries("renewDisplayKey", display(), display())
    filling.tries("deleteDisplay", *(display() for _ in range(CHANGED)))
    for name in ("showDisplayApp", "recordDisplayRendering"):
        filling.tries(name, one | of)
    for name in ("showAppOnDisplayItself", "recordRenderingOnDisplayItself"):
        filling.tries(name, of)
    filling.tries("pushDisplayApp", *(one | {"iname": f"photo-{number}"} for number in range(CHANGED)))
    filling.tries("pushAppToDisplayItself", {"iname": "poster"}, {"iname": "notice"})
    filling.tries("saveDisplayApp", display() | of, display() | of, body=app)
    filling.tries("deleteDisplayApp", *(display() | of for _ in range(CHANGED)))
    filling.tries("recordDisplayInfo", body={"info": {"firmware_version": "1.2"}})
    for kind in ("DisplayLocation", "RecurrencePattern"):
        listed = client.ask(f"list{kind}s")[0]["items"]
        filling.tries(f"show{kind}", *({"id": row["id"]} for row in listed[:2]))


def machines(filling):
    rows, client = filling.rows, filling.client
    for kind, status in (("Cloud", "commissioning"), ("Ipxe", "discovered")):
        new = [rows.make(f"create{kind}Machine") for _ in range(CHANGED)]
        filling.tries(f"change{kind}MachineStatus", *new, body={"status": status})
    new = [rows.make("createServer") for _ in range(CHANGED)]
    filling.tries("changeServerStatus", *new, body={"status": "commissioning"})
    report = {"external_id": "i-1", "status": "ready"}
    filling.tries("reportCloudMachine", rows.make("createCloudProvider"), body=report)
    cluster = rows.make("createLxdCluster")

    def member(number):
        return client.ask("joinLxdCluster", cluster, body={"name": f"member-{number}"})[0]["id"]

    members = [member(number) for number in range(2 + 2 * CHANGED)]
    ids = [{"member_id": one} | cluster for one in members]
    filling.tries("showLxdClusterMember", {"id": members[0]})
    filling.tries("updateLxdClusterMember", {"id": members[1]})
    filling.tries("reportLxdMember", cluster, body={"name": "member-0", "status": "ONLINE"})
    filling.tries("leadLxdCluster", *ids[2 : 2 + CHANGED])
    filling.tries("leaveLxdCluster", *ids[2 + CHANGED :])
    machine = rows.first("createIpxeMachine")
    address = client.ask("showIpxeMachine", machine)[0]["mac_address"]
    for name in ("showIpxeMachineByMac", "showBootPlan", "showBootScript"):
        filling.tries(name, {"mac_address": address})
