// Every kind of workload, storage and limit over HTTPS: made from the manifest that upstream's documentation shows,
// with upstream's defaults, listed with upstream's columns, and refused with upstream's causes.
import t from 'tap';
import { parse } from 'yaml';
import { startApiServer } from '../support/api-server.ts';
import { documentedKinds } from '../support/documented-manifests.ts';

const api = await startApiServer();
t.teardown(() => api.stop());

const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const MERGE = { 'content-type': 'application/merge-patch+json' };

/** What the server adds to each manifest. */
const defaults: Record<string, object> = {
  Deployment: {
    metadata: { generation: 1 },
    spec: {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      template: {
        spec: {
          restartPolicy: 'Always',
          dnsPolicy: 'ClusterFirst',
          schedulerName: 'default-scheduler',
          terminationGracePeriodSeconds: 30,
          securityContext: {},
          containers: [{ imagePullPolicy: 'IfNotPresent', terminationMessagePath: '/dev/termination-log' }],
        },
      },
    },
  },
  ReplicaSet: { spec: { replicas: 3, template: { spec: { restartPolicy: 'Always' } } } },
  DaemonSet: {
    spec: {
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      revisionHistoryLimit: 10,
      template: { spec: { volumes: [{ hostPath: { path: '/var/log', type: '' } }] } },
    },
  },
  StatefulSet: {
    spec: {
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      revisionHistoryLimit: 10,
      volumeClaimTemplates: [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          spec: { volumeMode: 'Filesystem' },
          status: { phase: 'Pending' },
        },
      ],
    },
  },
  ControllerRevision: { revision: 1, data: { spec: { template: { $patch: 'replace' } } } },
  Job: {
    metadata: { labels: { 'job-name': 'pi' } },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 4,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
      template: { metadata: { labels: { 'batch.kubernetes.io/job-name': 'pi' } } },
    },
  },
  CronJob: {
    spec: {
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    },
  },
  HorizontalPodAutoscaler: {
    spec: {
      minReplicas: 1,
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: 0,
          selectPolicy: 'Max',
          policies: [
            { type: 'Pods', value: 4, periodSeconds: 15 },
            { type: 'Percent', value: 100, periodSeconds: 15 },
          ],
        },
        scaleDown: {
          stabilizationWindowSeconds: 60,
          selectPolicy: 'Max',
          policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
        },
      },
    },
  },
  PodDisruptionBudget: { spec: { minAvailable: 2 } },
  ResourceQuota: { spec: { hard: { 'limits.memory': '2Gi' } } },
  LimitRange: { spec: { limits: [{ default: { cpu: '500m' } }] } },
  PodTemplate: { template: { spec: { containers: [{ imagePullPolicy: 'Always' }] } } },
  ServiceAccount: { automountServiceAccountToken: false },
  PersistentVolume: {
    spec: { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem', hostPath: { type: '' } },
    status: { phase: 'Pending' },
  },
  PersistentVolumeClaim: { spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } },
};

/** `Column=cell` of the columns shown always, then those of `-o wide`; ages left out. */
const rows: Record<string, string> = {
  Deployment: 'Ready=0/3 Up-to-date=0 Available=0 | Containers=nginx Images=nginx:1.14.2 Selector=app=nginx',
  ReplicaSet:
    'Desired=3 Current=0 Ready=0 | Containers=php-redis Images=us-docker.pkg.dev/google-samples/containers/gke/gb-frontend:v5 Selector=tier=frontend',
  DaemonSet:
    'Desired=0 Current=0 Ready=0 Up-to-date=0 Available=0 Node Selector=disk=ssd | Containers=fluentd-elasticsearch Images=quay.io/fluentd_elasticsearch/fluentd:v5.0.1 Selector=name=fluentd-elasticsearch',
  StatefulSet: 'Ready=0/3 | Containers=nginx Images=registry.k8s.io/nginx-slim:0.24',
  ControllerRevision: 'Controller=statefulset.apps/web Revision=1 | ',
  Job: 'Status=Running Completions=0/1 Duration= | Containers=pi Images=perl:5.34.0 Selector=UID',
  CronJob:
    'Schedule=* * * * * Timezone=<none> Suspend=False Active=0 Last Schedule=<none> | Containers=hello Images=busybox:1.28 Selector=<none>',
  HorizontalPodAutoscaler:
    'Reference=Deployment/php-apache Targets=cpu: <unknown>/50%, <unknown>/1k + 1 more... MinPods=1 MaxPods=10 Replicas=0 | ',
  PodDisruptionBudget: 'Min Available=2 Max Unavailable=N/A Allowed Disruptions=0 | ',
  ResourceQuota: 'Request= Limit= | ',
  LimitRange: 'Created At=TIME | ',
  PodTemplate: 'Containers=nginx Images=nginx Pod Labels=app=nginx | ',
  ServiceAccount: 'Secrets=0 | ',
  PersistentVolume:
    'Capacity=10Gi Access Modes=RWO Reclaim Policy=Retain Status=Pending Claim= StorageClass=manual VolumeAttributesClass=<unset> Reason= | VolumeMode=Filesystem',
  PersistentVolumeClaim:
    'Status=Pending Volume= Capacity= Access Modes= StorageClass=manual VolumeAttributesClass=<unset> | VolumeMode=Filesystem',
};

interface Table {
  columnDefinitions: { name: string; priority: number }[];
  rows: { cells: unknown[] }[];
}

function rowText({ columnDefinitions, rows: [row] }: Table): string {
  const cells = columnDefinitions.map(({ name, priority }, i) => ({ name, priority, cell: row?.cells[i] }));
  const text = (wanted: number) =>
    cells
      .filter(({ name, priority }) => priority === wanted && name !== 'Name' && name !== 'Age')
      .map(({ name, cell }) => `${name}=${cell}`)
      .join(' ');
  return `${text(0)} | ${text(1)}`
    .replace(/batch.kubernetes.io\/controller-uid=[-0-9a-f]{36}/, 'UID')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, 'TIME');
}

for (const { kind, path, name, yaml } of documentedKinds) {
  t.test(`${kind}: created with upstream's defaults and shown with its columns`, async (t) => {
    const headers = { 'content-type': 'application/yaml' };
    const made = await api.ask('POST', `${path}?fieldValidation=Strict`, { body: yaml, headers });
    t.equal(made.code, 201, made.text);
    t.match(made.json, defaults[kind] ?? {});
    t.match(made.json, { kind, metadata: { name, uid: /.{36}/ } });
    const { json } = await api.ask('GET', `${path}/${name}`, { headers: TABLE });
    t.equal(rowText(json), rows[kind]);
    const before = api.store.revision;
    const again = await api.ask('PUT', `${path}/${name}`, { body: made.json });
    t.equal(again.code, 200, again.text);
    t.equal(api.store.revision, before, 'written back as it was, it draws no revision');
  });
}

/** Each: a kind, a merge patch of its documented manifest, and what is said about it. */
const template = { containers: [{ name: 'a', image: 'a:1' }] };
const refused: [string, object, string[]][] = [
  [
    'Deployment',
    { spec: { selector: { matchLabels: { app: 'other' } } } },
    [
      'spec.template.metadata.labels: Invalid value: {"app":"nginx"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'Deployment',
    { spec: { selector: null } },
    [
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"nginx"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'Deployment',
    {
      spec: { replicas: -1, progressDeadlineSeconds: 1, minReadySeconds: 1, revisionHistoryLimit: -2 },
    },
    [
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      'spec.revisionHistoryLimit: Invalid value: -2: must be greater than or equal to 0',
      'spec.progressDeadlineSeconds: Invalid value: 1: must be greater than minReadySeconds',
    ],
  ],
  [
    'Deployment',
    { spec: { strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: '0%' } } } },
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
  ],
  [
    'Deployment',
    { spec: { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } } },
    ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
  ],
  [
    'ReplicaSet',
    { spec: { template: { spec: { restartPolicy: 'Never', activeDeadlineSeconds: 5 } } } },
    [
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
    ],
  ],
  [
    'DaemonSet',
    { spec: { updateStrategy: { rollingUpdate: { maxUnavailable: '101%' } } } },
    [
      'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
    ],
  ],
  [
    'StatefulSet',
    { spec: { podManagementPolicy: 'Any', updateStrategy: { type: 'OnDelete', rollingUpdate: {} } } },
    [
      "spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'",
      "spec.updateStrategy.rollingUpdate: Invalid value: {}: only allowed for updateStrategy 'RollingUpdate'",
    ],
  ],
  ['ControllerRevision', { data: null }, ['data: Required value: data is mandatory']],
  [
    'Job',
    { spec: { template: { spec: { restartPolicy: null } }, completions: -1 } },
    [
      'spec.completions: Invalid value: -1: must be greater than or equal to 0',
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
  ],
  [
    'Job',
    { spec: { completionMode: 'Indexed', parallelism: 2 } },
    ['spec.completions: Required value: when completion mode is Indexed'],
  ],
  [
    'Job',
    { spec: { selector: { matchLabels: { a: 'b' } } } },
    [
      'spec.selector: Invalid value: SELECTOR: `selector` not auto-generated',
      'spec.template.metadata.labels: Invalid value: LABELS: `selector` does not match template `labels`',
    ],
  ],
  [
    'CronJob',
    { spec: { schedule: '61 * * * *', timeZone: 'Mars/Phobos', concurrencyPolicy: 'Maybe' } },
    [
      'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"',
      'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61',
      'spec.timeZone: Invalid value: "Mars/Phobos": unknown time zone Mars/Phobos',
    ],
  ],
  [
    'HorizontalPodAutoscaler',
    { spec: { minReplicas: 0, maxReplicas: 0, scaleTargetRef: { kind: null }, metrics: [{ type: 'Pods' }] } },
    [
      'spec.maxReplicas: Required value: must be set and greater than 0',
      'spec.scaleTargetRef.kind: Required value',
      'spec.metrics[0].pods: Required value: must populate information for the given metric source',
      'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
    ],
  ],
  [
    'PodDisruptionBudget',
    { spec: { maxUnavailable: 'many' } },
    [
      'spec: Invalid value: {"minAvailable":2,"selector":{"matchLabels":{"app":"zookeeper"}},"maxUnavailable":"many"}: minAvailable and maxUnavailable cannot be both set',
      "spec.maxUnavailable: Invalid value: \"many\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ],
  ],
  [
    'ResourceQuota',
    { spec: { hard: { pods: '1500m', paws: '1' }, scopes: ['BestEffort'] } },
    [
      'spec.hard[paws]: Invalid value: "paws": must be a standard resource for quota',
      'spec.hard[pods]: Invalid value: "1500m": must be an integer',
      'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
    ],
  ],
  [
    'LimitRange',
    { spec: { limits: [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }] } },
    [
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
      'spec.limits[0].default[cpu]: Invalid value: "1": min value 2 is greater than default value 1',
    ],
  ],
  ['PodTemplate', { template: null }, ['template.spec.containers: Required value']],
  [
    'PersistentVolume',
    { spec: { capacity: null, accessModes: ['Any'], nfs: { server: 'a', path: '/b' } } },
    [
      'spec.accessModes: Unsupported value: "Any": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      'spec.capacity: Required value',
      'spec.nfs: Forbidden: may not specify more than 1 volume type',
    ],
  ],
  [
    'PersistentVolumeClaim',
    { spec: { accessModes: null, resources: null } },
    [
      'spec.accessModes: Required value: at least 1 access mode is required',
      'spec.resources[storage]: Required value',
    ],
  ],
];

type Json = Record<string, unknown>;

function merged(target: unknown, patch: Json): Json {
  const result: Json = { ...(target as Json) };
  for (const [key, value] of Object.entries(patch)) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (value === null) delete result[key];
    else result[key] = isObject ? merged(result[key] ?? {}, value as Json) : value;
  }
  return result;
}

const masked = (text: string) =>
  text
    .replace(/\{[^{}]*\{[^{}]*controller-uid[^{}]*\}\}/, 'SELECTOR')
    .replace(/\{[^{}]*controller-uid[^{}]*\}/, 'LABELS');

for (const [kind, patch, causes] of refused) {
  t.test(`${kind} with ${JSON.stringify(patch)} is refused with upstream's causes`, async (t) => {
    const { path, yaml } = documentedKinds.find((documented) => documented.kind === kind)!;
    const body = merged(merged(parse(yaml), { metadata: { name: 'refused' } }), patch as Json);
    const { code, json } = await api.ask('POST', path, { body });
    t.equal(code, 422);
    t.match(json, { reason: 'Invalid', details: { kind, name: 'refused' } });
    const said = json.details.causes.map(
      ({ field, message }: { field: string; message: string }) => `${field}: ${masked(message)}`,
    );
    t.same(said.sort(), causes.sort());
  });
}

/** Each: a kind, a merge patch of the stored object, and why it may not be. */
const fixed: [string, object, RegExp][] = [
  ['Deployment', { spec: { selector: { matchLabels: { a: 'b' } } } }, /spec\.selector: .*field is immutable/],
  ['ReplicaSet', { spec: { selector: { matchLabels: { a: 'b' } } } }, /spec\.selector: .*field is immutable/],
  ['DaemonSet', { spec: { selector: { matchLabels: { a: 'b' } } } }, /spec\.selector: .*field is immutable/],
  ['StatefulSet', { spec: { serviceName: 'other' } }, /spec: Forbidden: updates to statefulset spec for/],
  ['ControllerRevision', { data: { a: 1 } }, /data: .*field is immutable/],
  ['Job', { spec: { completions: 2 } }, /spec\.completions: .*field is immutable/],
  ['Job', { spec: { template: { spec: template } } }, /spec\.template: .*field is immutable/],
  ['ResourceQuota', { spec: { scopes: ['NotBestEffort'] } }, /spec\.scopes: .*field is immutable/],
  ['PersistentVolume', { spec: { hostPath: { path: '/b' } } }, /persistentvolumesource is immutable/],
  ['PersistentVolumeClaim', { spec: { storageClassName: 'b' } }, /spec is immutable after creation except/],
];

for (const [kind, patch, why] of fixed) {
  t.test(`${kind} keeps ${JSON.stringify(patch)} as it was made`, async (t) => {
    const { path, name } = documentedKinds.find((documented) => documented.kind === kind)!;
    const { code, json } = await api.ask('PATCH', `${path}/${name}`, { body: patch, headers: MERGE });
    t.equal(code, 422);
    t.match(json.message, why);
  });
}

t.test('kinds that count pods are scaled through their scale subresource', async (t) => {
  for (const kind of ['Deployment', 'ReplicaSet', 'StatefulSet']) {
    const { path, name } = documentedKinds.find((documented) => documented.kind === kind)!;
    const scale = await api.ask('GET', `${path}/${name}/scale`);
    t.match(scale.json, { kind: 'Scale', spec: { replicas: 3 }, status: { replicas: 0, selector: /=/ } });
    const body = { spec: { replicas: 5 } };
    await api.ask('PATCH', `${path}/${name}/scale`, { body, headers: MERGE });
    t.match((await api.ask('GET', `${path}/${name}`)).json, {
      metadata: { generation: 2 },
      spec: { replicas: 5 },
    });
  }
});

t.test('a suspended job that was never started may still be placed elsewhere', async (t) => {
  const { path, yaml } = documentedKinds.find(({ kind }) => kind === 'Job')!;
  const body = merged(parse(yaml), { metadata: { name: 'waiting' }, spec: { suspend: true } });
  t.equal((await api.ask('POST', path, { body })).code, 201);
  const change = async (spec: object) =>
    (await api.ask('PATCH', `${path}/waiting`, { body: { spec: { template: { spec } } }, headers: MERGE }))
      .code;
  t.equal(await change({ nodeSelector: { disk: 'ssd' } }), 200);
  t.equal(await change({ hostname: 'other' }), 422);
});

t.test('a bound claim may grow, once, and never below what it holds', async (t) => {
  const { path, yaml } = documentedKinds.find(({ kind }) => kind === 'PersistentVolumeClaim')!;
  const claim = { metadata: { name: 'grows' }, spec: { storageClassName: 'growing' } };
  await api.ask('POST', path, { body: merged(parse(yaml), claim) });
  const patch = async (body: object, sub = '') =>
    (await api.ask('PATCH', `${path}/grows${sub}`, { body, headers: MERGE })).code;
  const size = (storage: string) => ({ spec: { resources: { requests: { storage } } } });
  t.equal(await patch(size('5Gi')), 422, 'not before it is bound');
  t.equal(await patch({ spec: { volumeName: 'task-pv-volume' } }), 200);
  t.equal(await patch({ spec: { volumeName: 'other' } }), 422);
  t.equal(await patch({ status: { phase: 'Bound', capacity: { storage: '4Gi' } } }, '/status'), 200);
  const refused = await api.ask('PATCH', `${path}/grows`, { body: size('5Gi'), headers: MERGE });
  t.equal(refused.code, 403);
  t.equal(
    refused.json.message,
    'persistentvolumeclaims "grows" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
  );
  const growing = { provisioner: 'e.com/p', allowVolumeExpansion: true, metadata: { name: 'growing' } };
  const made = await api.ask('POST', '/apis/storage.k8s.io/v1/storageclasses', { body: growing });
  t.equal(made.code, 201);
  t.equal(await patch(size('5Gi')), 200);
  t.equal(await patch(size('4Gi')), 200);
  t.equal(await patch(size('3Gi')), 422);
});

t.test('a name that no pod can have as its host name is taken with a warning', async (t) => {
  const { path, yaml } = documentedKinds.find(({ kind }) => kind === 'Deployment')!;
  const body = merged(parse(yaml), { metadata: { name: 'web.example' } });
  const { code, headers } = await api.ask('POST', path, { body });
  t.equal(code, 201);
  t.match(headers.warning, /^299 - "metadata\.name: this is used in Pod names and hostnames/);
});

t.test('names are made up where that is asked, and the selector of a job follows', async (t) => {
  for (const { kind, path, yaml } of documentedKinds) {
    const metadata = { name: null, generateName: 'made-up-' };
    const { code, json } = await api.ask('POST', path, { body: merged(parse(yaml), { metadata }) });
    t.equal(code, 201, kind);
    t.match(json.metadata.name, /^made-up-.{5}$/);
    if (kind === 'Job') t.equal(json.spec.template.metadata.labels['job-name'], json.metadata.name);
  }
});

t.test('batch/v1beta1 serves the same cron jobs, for clients that know nothing newer', async (t) => {
  const { json } = await api.ask('GET', '/apis/batch/v1beta1/namespaces/default/cronjobs/hello');
  t.match(json, { apiVersion: 'batch/v1beta1', kind: 'CronJob', spec: { schedule: '* * * * *' } });
});
