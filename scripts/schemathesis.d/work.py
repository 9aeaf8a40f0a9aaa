"""Requests about work that one takes and others wait for: deployments, queries, tests."""

from filling import CHANGED
from rows import moment

WORKER = "worker-1"


def jobs(filling):
    rows, client = filling.rows, filling.client
    job = rows.make("requestDeployment")
    worker = {"worker": WORKER}
    client.ask("claimDeployment", body=worker)
    told = {"progress_percent": 10, "log_output": "begun\n", "rendered_cloud_init": "#cloud-config\n"}
    client.ask("reportDeploymentProgress", job, body=worker | told)
    for name in ("showDeploymentJob", "showDeploymentLog", "showDeploymentCloudInit"):
        filling.tries(name, job)
    number = client.ask("showDeploymentJob", job)[0]["job_id"]
    filling.tries("showDeploymentJobByJobId", {"job_id": number})

    def claimed():
        path = rows.make("requestDeployment")
        client.ask("claimDeployment", body=worker)
        return path

    for name in ("reportDeploymentProgress", "completeDeployment", "failDeployment"):
        filling.tries(name, *(claimed() for _ in range(CHANGED)), body=rows.body(name, **worker))
    done = [claimed() for _ in range(CHANGED)]
    for path in done:
        client.ask("completeDeployment", path, body=worker)
    filling.tries("deleteDeploymentJob", *done)
    filling.tries("cancelDeployment", *(rows.make("requestDeployment") for _ in range(CHANGED)))
    filling.tries("claimDeployment", body=worker)


def fleet(filling):
    rows, client = filling.rows, filling.client
    host = rows.first("createFleetHost")
    client.ask("reportFleetHost", body=rows.body("reportFleetHost"))

    def running(query):
        path = rows.make("runFleetQuery", query, hosts=[host["id"]])
        while (client.ask("claimQueryExecution")[0] or path)["id"] != path["id"]:
            pass
        return path

    answer = {"host_id": host["id"], "recorded_at": moment(-1), "rows": [{"port": "22"}]}
    raised = []
    for _ in range(2 + 2 * CHANGED):
        query = rows.make("createFleetQuery")
        rows.make("createFleetAlert", query_id=query["id"])
        execution = running(query)
        said = client.ask("reportAnswer", execution, body=answer)[0]
        raised += [{"id": one["id"]} for one in said["raised"]]
    filling.tries("showRaisedAlert", *raised[:2])
    filling.tries("reportAlertNotified", *raised[2 : 2 + CHANGED], body={"channels": ["mail"]})
    filling.tries("resolveAlert", *raised[2 + CHANGED :], body={"notes": "closed"})
    filling.tries("showQueryExecution", execution)
    filling.tries("reportAnswer", running(query), body=answer)
    for name in ("completeQueryExecution", "failQueryExecution", "setQueryExecutionCampaign"):
        filling.tries(name, *(running(query) for _ in range(CHANGED)))
    filling.tries("cancelQueryExecution", *(rows.make("runFleetQuery", query) for _ in range(CHANGED)))
    filling.tries("runFleetQuery", query, body={"hosts": [host["id"]]})
    pack = rows.body("reportPackAnswer", host_id=host["id"], query_name="pack/uptime", rows=[{"days": "7"}])
    client.ask("reportPackAnswer", body=pack)
    filling.tries("reportPackAnswer", body=pack)
    result = client.ask("listOsqueryResults")[0]["items"][0]
    filling.tries("showOsqueryResult", {"id": result["id"]})
    filling.tries("showWhetherAnswerChanged", host, query={"query_name": "pack/uptime"})


def tests(filling):
    rows, client = filling.rows, filling.client
    environment = rows.first("createTestEnvironment")
    named = client.ask("showTestEnvironment", environment)[0]
    on = {"environments": [named["designation"]]}
    page = rows.make("createWebPage", **on)
    found = client.ask("showWebPage", page)[0]
    element = rows.make("createPageIdentifier", page_id=page["id"], **on)
    person = rows.make("createTestUser", environment_id=environment["id"])
    of = {"designation": named["designation"]}
    filling.tries("findTestEnvironment", query={"name": named["name"]})
    filling.tries("listOfferedTestEnvironments", query=of)
    person = client.ask("showTestUser", person)[0]["username"]
    filling.tries("findTestUser", environment, query={"name": person})
    filling.tries("findWebPage", query={"name": found["name"]})
    filling.tries("findWebPagesInEnvironments", query=of)
    filling.tries("findPageIdentifiersInEnvironments", page, query=of)
    shown = client.ask("showPageIdentifier", element)[0]
    filling.tries("findPageIdentifier", page, query={"name": shown["element_name"]})
    filling.tries("findPageIdentifiersByQuery", page, query={"query": shown["locator_query"]})

    def item():
        return {"id": client.ask("addEmailItem", body=rows.body("addEmailItem"))[0]["id"]}

    def taken():
        path, said = item(), None
        while said != path:
            said = {"id": client.ask("takeEmailItem", body=worker)[0]["id"]}
        return path

    worker = {"worker": WORKER}
    for name in ("giveBackEmailItem", "finishEmailItem"):
        filling.tries(name, *(taken() for _ in range(CHANGED)), body=worker)
    done = [taken() for _ in range(CHANGED)]
    for path in done:
        client.ask("finishEmailItem", path, body=worker)
    filling.tries("reopenEmailItem", *done)
    for name in ("showEmailItem", "updateEmailItem", "deleteEmailItem"):
        filling.tries(name, *(item() for _ in range(CHANGED)))
    api = client.ask("showApiDefinition", rows.first("createApiDefinition"))[0]
    filling.tries("findApiDefinition", query={key: api[key] for key in ("path", "method", "version")})
    span = {"from": moment(-24), "to": moment(24)}
    filling.tries("showApiUsage", rows.first("createApiDefinition"), query=span)
    filling.tries("listBusiestApis", query=span)
    call = {"api_id": api["id"], "method": api["method"], "status_code": 200, "response_time_ms": 5}
    filling.tries("countApiCalls", body={"calls": [call]})
    host = client.ask("showElderApp", rows.first("createElderApp"))[0]
    filling.tries("showAppPlacement", query={"app_name": host["app_name"]})
