# What Debian's python3-kubernetes does for clients-python.test.ts: reads one step per line and answers each with
# one line of JSON. The first argument is the kubeconfig.
import json
import sys

from kubernetes import client, config, dynamic, utils, watch
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


SHIRTS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "shirts.py.example.com"},
    "spec": {
        "group": "py.example.com",
        "scope": "Namespaced",
        "names": {"plural": "shirts", "singular": "shirt", "kind": "Shirt"},
        "versions": [{
            "name": "v1", "served": True, "storage": True,
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        }],
    },
}


def custom():
    client.ApiextensionsV1Api().create_custom_resource_definition(SHIRTS)
    objects = client.CustomObjectsApi()
    place = ("py.example.com", "v1", NAMESPACE, "shirts")
    body = {"apiVersion": "py.example.com/v1", "kind": "Shirt", "metadata": {"name": "mine"}, "spec": {"size": 3}}
    objects.create_namespaced_custom_object(*place, body)
    objects.patch_namespaced_custom_object(*place, "mine", {"spec": {"fabric": "wool"}})
    held = objects.list_namespaced_custom_object(*place)["items"][0]
    objects.delete_namespaced_custom_object(*place, "mine")
    return held["spec"]


def discovered():
    found = dynamic.DynamicClient(client.ApiClient())
    deployments = found.resources.get(api_version="apps/v1", kind="Deployment")
    maps = found.resources.get(api_version="v1", kind="ConfigMap")
    maps.create(namespace=NAMESPACE, body={"metadata": {"name": "dynamic"}, "data": {"a": "1"}})
    maps.patch(
        namespace=NAMESPACE, name="dynamic", body={"data": {"b": "2"}},
        content_type="application/merge-patch+json",
    )
    held = maps.get(namespace=NAMESPACE, name="dynamic").to_dict()["data"]
    maps.delete(namespace=NAMESPACE, name="dynamic")
    shirts = found.resources.get(api_version="py.example.com/v1", kind="Shirt")
    return {
        "scale": deployments.scale.get(namespace=NAMESPACE, name="web").spec.replicas,
        "map": held,
        "shirts": len(shirts.get(namespace=NAMESPACE).items),
    }


def manifest():
    documents = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "py"}, "stringData": {"a": "b"}},
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "py"}, "spec": {
            "suspend": True,
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "e.com/c:1"}]}},
        }},
    ]
    for document in documents:
        utils.create_from_dict(client.ApiClient(), document, namespace=NAMESPACE)
    job = client.BatchV1Api().read_namespaced_job_status("py", NAMESPACE)
    return {"secret": core.read_namespaced_secret("py", NAMESPACE).data, "suspended": job.spec.suspend}


def rights():
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(
        resource_attributes=client.V1ResourceAttributes(verb="get", resource="pods"),
    ))
    allowed = client.AuthorizationV1Api().create_self_subject_access_review(review).status.allowed
    cpu = client.CustomObjectsApi().list_cluster_custom_object("metrics.k8s.io", "v1beta1", "nodes")
    parts = core.list_component_status().items
    return {"allowed": allowed, "measured": len(cpu["items"]), "parts": [part.metadata.name for part in parts]}


def evicted():
    body = client.V1Eviction(metadata=client.V1ObjectMeta(name="one"))
    return core.create_namespaced_pod_eviction("one", NAMESPACE, body, dry_run="All").kind


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
    "custom": custom, "discovered": discovered, "manifest": manifest, "rights": rights, "evicted": evicted,
    "logs": logs, "exec": execute, "stdin": typed, "delete": delete,
}
for line in sys.stdin:
    print(json.dumps(steps[line.strip()]()), flush=True)
