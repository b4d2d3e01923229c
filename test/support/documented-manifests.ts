// Manifests as upstream's documentation shows them (kubernetes.io/docs, CC BY 4.0), one for each kind that people
// write for workloads, storage and limits.

/** What a manifest becomes, and how it is listed. */
export interface DocumentedKind {
  kind: string;
  /** Collection in the namespace `default`, or cluster-wide. */
  path: string;
  name: string;
  yaml: string;
}

const core = '/api/v1/namespaces/default';
const apps = '/apis/apps/v1/namespaces/default';
const batch = '/apis/batch/v1/namespaces/default';

export const documentedKinds: readonly DocumentedKind[] = [
  {
    kind: 'Deployment',
    path: `${apps}/deployments`,
    name: 'nginx-deployment',
    yaml: `
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx-deployment, labels: {app: nginx}}
spec:
  replicas: 3
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - name: nginx
        image: nginx:1.14.2
        ports: [{containerPort: 80}]
`,
  },
  {
    kind: 'ReplicaSet',
    path: `${apps}/replicasets`,
    name: 'frontend',
    yaml: `
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: frontend, labels: {app: guestbook, tier: frontend}}
spec:
  replicas: 3
  selector: {matchLabels: {tier: frontend}}
  template:
    metadata: {labels: {tier: frontend}}
    spec:
      containers:
      - name: php-redis
        image: us-docker.pkg.dev/google-samples/containers/gke/gb-frontend:v5
`,
  },
  {
    kind: 'DaemonSet',
    path: `${apps}/daemonsets`,
    name: 'fluentd-elasticsearch',
    yaml: `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: fluentd-elasticsearch, labels: {k8s-app: fluentd-logging}}
spec:
  selector: {matchLabels: {name: fluentd-elasticsearch}}
  template:
    metadata: {labels: {name: fluentd-elasticsearch}}
    spec:
      tolerations:
      - {key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}
      nodeSelector: {disk: ssd}
      containers:
      - name: fluentd-elasticsearch
        image: quay.io/fluentd_elasticsearch/fluentd:v5.0.1
        resources: {limits: {memory: 200Mi}, requests: {cpu: 100m, memory: 200Mi}}
        volumeMounts: [{name: varlog, mountPath: /var/log}]
      terminationGracePeriodSeconds: 30
      volumes: [{name: varlog, hostPath: {path: /var/log}}]
`,
  },
  {
    kind: 'StatefulSet',
    path: `${apps}/statefulsets`,
    name: 'web',
    yaml: `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: nginx}}
  serviceName: nginx
  replicas: 3
  minReadySeconds: 10
  template:
    metadata: {labels: {app: nginx}}
    spec:
      terminationGracePeriodSeconds: 10
      containers:
      - name: nginx
        image: registry.k8s.io/nginx-slim:0.24
        ports: [{containerPort: 80, name: web}]
        volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]
  volumeClaimTemplates:
  - metadata: {name: www}
    spec:
      accessModes: [ReadWriteOnce]
      storageClassName: my-storage-class
      resources: {requests: {storage: 1Gi}}
`,
  },
  {
    kind: 'ControllerRevision',
    path: `${apps}/controllerrevisions`,
    name: 'web-5d4b8f',
    yaml: `
apiVersion: apps/v1
kind: ControllerRevision
metadata:
  name: web-5d4b8f
  ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: 0a1b, controller: true}]
revision: 1
data: {spec: {template: {$patch: replace}}}
`,
  },
  {
    kind: 'Job',
    path: `${batch}/jobs`,
    name: 'pi',
    yaml: `
apiVersion: batch/v1
kind: Job
metadata: {name: pi}
spec:
  template:
    spec:
      containers:
      - name: pi
        image: perl:5.34.0
        command: [perl, -Mbignum=bpi, -wle, print bpi(2000)]
      restartPolicy: Never
  backoffLimit: 4
`,
  },
  {
    kind: 'CronJob',
    path: `${batch}/cronjobs`,
    name: 'hello',
    yaml: `
apiVersion: batch/v1
kind: CronJob
metadata: {name: hello}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: hello
            image: busybox:1.28
            imagePullPolicy: IfNotPresent
            command: [/bin/sh, -c, date; echo Hello from the Kubernetes cluster]
          restartPolicy: OnFailure
`,
  },
  {
    kind: 'HorizontalPodAutoscaler',
    path: '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
    name: 'php-apache',
    yaml: `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: php-apache}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: php-apache}
  minReplicas: 1
  maxReplicas: 10
  metrics:
  - type: Resource
    resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}
  - type: Pods
    pods: {metric: {name: packets-per-second}, target: {type: AverageValue, averageValue: 1k}}
  - type: Object
    object:
      metric: {name: requests-per-second}
      describedObject: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: main-route}
      target: {type: Value, value: 10k}
  behavior: {scaleDown: {stabilizationWindowSeconds: 60}}
`,
  },
  {
    kind: 'PodDisruptionBudget',
    path: '/apis/policy/v1/namespaces/default/poddisruptionbudgets',
    name: 'zk-pdb',
    yaml: `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: zk-pdb}
spec:
  minAvailable: 2
  selector: {matchLabels: {app: zookeeper}}
`,
  },
  {
    kind: 'ResourceQuota',
    path: `${core}/resourcequotas`,
    name: 'compute-resources',
    yaml: `
apiVersion: v1
kind: ResourceQuota
metadata: {name: compute-resources}
spec:
  hard: {requests.cpu: "1", requests.memory: 1Gi, limits.cpu: "2", limits.memory: 2Gi}
`,
  },
  {
    kind: 'LimitRange',
    path: `${core}/limitranges`,
    name: 'cpu-resource-constraint',
    yaml: `
apiVersion: v1
kind: LimitRange
metadata: {name: cpu-resource-constraint}
spec:
  limits:
  - default: {cpu: 500m}
    defaultRequest: {cpu: 500m}
    max: {cpu: "1"}
    min: {cpu: 100m}
    type: Container
`,
  },
  {
    kind: 'PodTemplate',
    path: `${core}/podtemplates`,
    name: 'nginx',
    yaml: `
apiVersion: v1
kind: PodTemplate
metadata: {name: nginx}
template:
  metadata: {labels: {app: nginx}}
  spec:
    containers: [{name: nginx, image: nginx}]
`,
  },
  {
    kind: 'ServiceAccount',
    path: `${core}/serviceaccounts`,
    name: 'build-robot',
    yaml: `
apiVersion: v1
kind: ServiceAccount
metadata: {name: build-robot}
automountServiceAccountToken: false
`,
  },
  {
    kind: 'PersistentVolume',
    path: '/api/v1/persistentvolumes',
    name: 'task-pv-volume',
    yaml: `
apiVersion: v1
kind: PersistentVolume
metadata: {name: task-pv-volume, labels: {type: local}}
spec:
  storageClassName: manual
  capacity: {storage: 10Gi}
  accessModes: [ReadWriteOnce]
  hostPath: {path: /mnt/data}
`,
  },
  {
    kind: 'PersistentVolumeClaim',
    path: `${core}/persistentvolumeclaims`,
    name: 'task-pv-claim',
    yaml: `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: task-pv-claim}
spec:
  storageClassName: manual
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 3Gi}}
`,
  },
];
