# What Debian's python3-kubernetes does for clients-python.test.ts: reads one step per line and answers each with
# one line of JSON. The first argument is the kubeconfig.
import json
import sys

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import stream

config.load_kube_config(sys.argv[1])
core = client.CoreV1Api()
apps = client.AppsV1Api()
NAMESPACE = "default"


def names(found):
    return sorted(item.metadata.name for item in found.items)


def refusal(call):
    try:
        call()
    except ApiException as error:
        return {"status": error.status, "reason": json.loads(error.body)["reason"]}
    return None


def create():
    metadata = client.V1ObjectMeta(name="py", labels={"of": "python"})
    core.create_namespaced_config_map(NAMESPACE, client.V1ConfigMap(metadata=metadata, data={"a": "1"}))
    twice = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="py"))
    return refusal(lambda: core.create_namespaced_config_map(NAMESPACE, twice))


def listed():
    return {
        "maps": names(core.list_namespaced_config_map(NAMESPACE, label_selector="of=python")),
        "everywhere": names(core.list_config_map_for_all_namespaces(field_selector="metadata.name=py")),
        "nodes": names(core.list_node()),
        "services": names(core.list_namespaced_service(NAMESPACE)),
        "versions": client.ApisApi().get_api_versions().kind,
        "version": client.VersionApi().get_code().major,
    }


def patch():
    core.patch_namespaced_config_map("py", NAMESPACE, {"data": {"b": "2"}})
    template = {"spec": {"containers": [{"name": "side", "image": "e.com/side:1"}]}}
    apps.patch_namespaced_deployment("web", NAMESPACE, {"spec": {"template": template}})
    apps.patch_namespaced_deployment_scale("web", NAMESPACE, {"spec": {"replicas": 3}})
    return None


def replace():
    held = core.read_namespaced_config_map("py", NAMESPACE)
    held.data = {"c": "3"}
    core.replace_namespaced_config_map("py", NAMESPACE, held)
    return refusal(lambda: core.replace_namespaced_config_map("py", NAMESPACE, held))


def watched():
    seen = []
    watcher = watch.Watch()
    for event in watcher.stream(core.list_namespaced_config_map, NAMESPACE, label_selector="of=python", timeout_seconds=20):
        seen.append(event["type"] + " " + event["object"].metadata.name)
        if len(seen) == 1:
            core.patch_namespaced_config_map("py", NAMESPACE, {"data": {"d": "4"}})
        elif len(seen) == 2:
            core.delete_namespaced_config_map("py", NAMESPACE)
        else:
            watcher.stop()
    return seen


def logs():
    return core.read_namespaced_pod_log("one", NAMESPACE)


def execute():
    command = ["sh", "-c", "echo out; echo err >&2; exit 7"]
    response = stream(
        core.connect_get_namespaced_pod_exec, "one", NAMESPACE, command=command,
        stderr=True, stdin=False, stdout=True, tty=False, _preload_content=False,
    )
    response.run_forever(timeout=20)
    return {"out": response.read_stdout(), "err": response.read_stderr(), "code": response.returncode}


def typed():
    response = stream(
        core.connect_get_namespaced_pod_exec, "one", NAMESPACE, command=["cat"],
        stderr=True, stdin=True, stdout=True, tty=False, _preload_content=False,
    )
    response.write_stdin("typed\n")
    text = response.readline_stdout(timeout=20)
    response.close()
    return text


def delete():
    answer = core.delete_namespaced_pod("one", NAMESPACE, grace_period_seconds=0)
    apps.delete_namespaced_deployment("web", NAMESPACE, propagation_policy="Foreground")
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="of=python")
    return answer.metadata.name


steps = {
    "create": create, "list": listed, "patch": patch, "replace": replace, "watch": watched,
    "logs": logs, "exec": execute, "stdin": typed, "delete": delete,
}
for line in sys.stdin:
    print(json.dumps(steps[line.strip()]()), flush=True)
