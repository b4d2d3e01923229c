// Cells of the table: objects made, read and changed.
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { outputOf } from './kubectl.ts';
import type { CellContext, KubectlCell } from './kubectl-cell.ts';
import { configMap, deployment, pod } from './kubectl-manifests.ts';

const settings = async ({ get }: CellContext) => (await get('v1', 'configmaps', 'settings'))?.data;
const web = ({ get }: CellContext) => get('apps/v1', 'deployments', 'web');

export const objectCells: readonly KubectlCell[] = [
  {
    row: 'create of files and of every kind it has a generator for',
    async run(cell) {
      const { t, must, get, minor } = cell;
      t.match(await must('create -f -', configMap({ a: 'b' })), /configmap\/settings created/);
      t.strictSame(await settings(cell), { a: 'b' });
      t.match(await cell.kubectl('create -f -', configMap({})), { code: 1, err: /already exists/ });
      await must('create configmap cm --from-literal=a=b');
      t.strictSame((await get('v1', 'configmaps', 'cm')).data, { a: 'b' });
      await must('create secret generic s --from-literal=a=b');
      t.strictSame((await get('v1', 'secrets', 's')).data, { a: 'Yg==' });
      await must('create serviceaccount robot');
      t.ok(await get('v1', 'serviceaccounts', 'robot'));
      await must('create deployment d --image=e.com/web:1 --replicas=2');
      t.equal((await get('apps/v1', 'deployments', 'd')).spec.replicas, 2);
      await must('create service clusterip svc --tcp=80:8080');
      t.match((await get('v1', 'services', 'svc')).spec.ports, [{ port: 80, targetPort: 8080 }]);
      await must('create job j --image=e.com/ends -- true');
      t.strictSame((await get('batch/v1', 'jobs', 'j')).spec.template.spec.containers[0].command, ['true']);
      await must(['create', 'cronjob', 'c', '--image=e.com/ends', '--schedule=0 4 * * *']);
      t.equal((await get('batch/v1', 'cronjobs', 'c')).spec.schedule, '0 4 * * *');
      await must('create quota q --hard=pods=50');
      t.strictSame((await get('v1', 'resourcequotas', 'q')).spec.hard, { pods: '50' });
      await must('create role r --verb=get,list --resource=pods');
      t.match((await get('rbac.authorization.k8s.io/v1', 'roles', 'r')).rules, [{ verbs: ['get', 'list'] }]);
      await must('create rolebinding rb --role=r --user=eve');
      t.match((await get('rbac.authorization.k8s.io/v1', 'rolebindings', 'rb')).subjects, [{ name: 'eve' }]);
      await must(['create', 'ingress', 'i', '--rule=e.com/*=svc:80']);
      t.equal((await get('networking.k8s.io/v1', 'ingresses', 'i')).spec.rules[0].host, 'e.com');
      // 1.20 knows CronJob and PodDisruptionBudget as v1beta1 only.
      if (minor >= 21) {
        await must('create job by-hand --from=cronjob/c');
        t.match((await get('batch/v1', 'jobs', 'by-hand')).metadata.ownerReferences, [{ kind: 'CronJob' }]);
        await must('create poddisruptionbudget b --selector=app=d --min-available=1');
        t.equal((await get('policy/v1', 'poddisruptionbudgets', 'b')).spec.minAvailable, 1);
      }
    },
  },
  {
    row: 'get as table, wide, yaml, json, names, by label and by field, and as watch',
    async run(cell) {
      const { t, must, list, start } = cell;
      await must('create -f -', deployment());
      await must('rollout status deployment/web --timeout=20s');
      t.match(await must('get deploy'), /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 /);
      t.match(
        await must('get deploy -o wide'),
        /CONTAINERS +IMAGES +SELECTOR\n.* main +e.com\/web:1 +app=web/,
      );
      t.match(
        await must('get pods'),
        /^NAME +READY +STATUS +RESTARTS +AGE\n(web-\S+ +1\/1 +Running +0 +\d+s\n){2}$/,
      );
      t.equal((await must('get pods -o name')).trim().split('\n').length, 2);
      t.match(JSON.parse(await must('get deploy web -o json')), {
        kind: 'Deployment',
        status: { readyReplicas: 2 },
      });
      t.match(await must('get deploy web -o yaml'), /\n {2}replicas: 2\n/);
      const [{ metadata }] = await list('v1', 'pods', 'app=web');
      const name = metadata.name;
      t.equal(await must(`get pods --field-selector=metadata.name=${name} -o name`), `pod/${name}\n`);
      t.equal(await must('get pods -l app!=web -o name'), '');
      t.match(await must('get all -o name'), /pod\/web-.*deployment.apps\/web\n.*replicaset.apps\/web-/s);
      t.match(await must('get pods -A --sort-by=.metadata.name'), /NAMESPACE/);
      const watching = start('get configmaps -w -o name');
      const seen = outputOf(watching);
      await eventually(() => seen().includes('kube-root-ca.crt'));
      await must('create configmap later');
      await eventually(() => seen().includes('configmap/later')).finally(() => watching.kill());
    },
  },
  {
    row: 'describe of pods, nodes, Deployments and Services',
    async run({ t, must, list }) {
      await must('create -f -', deployment());
      await must('rollout status deployment/web --timeout=20s');
      await must('expose deployment web --port=80');
      t.match(
        await must('describe deployment web'),
        /Replicas: +2 desired \| 2 updated \| 2 total \| 2 available/,
      );
      await eventually(async () => /Scaled up replica set/.test(await must('describe deployment web')));
      const [{ metadata, spec }] = await list('v1', 'pods', 'app=web');
      const text = await must(`describe pod ${metadata.name}`);
      t.match(text, new RegExp(`Node: +${spec.nodeName}/192.0.2.11[^]*Controlled By: +ReplicaSet/web-`));
      await eventually(async () => /Scheduled/.test(await must(`describe pod ${metadata.name}`)));
      await eventually(async () => /Endpoints: +10\.40\.0\.9:80/.test(await must('describe service web')));
      t.match(
        await must(`describe node ${spec.nodeName}`),
        new RegExp(`Non-terminated Pods:[^]*${metadata.name}`),
      );
    },
  },
  {
    row: 'apply creates, leaves alone, changes, removes and prunes',
    async run(cell) {
      const { t, must, get } = cell;
      t.match(await must('apply -f -', configMap({ a: '1', b: '2' })), /created/);
      t.match(await must('apply -f -', configMap({ a: '1', b: '2' })), /unchanged/);
      await must(['patch', 'configmap', 'settings', '-p', '{"data":{"by-hand":"3"}}']);
      t.match(await must('apply -f -', configMap({ a: '4' })), /configured/);
      t.strictSame(await settings(cell), { a: '4', 'by-hand': '3' }, 'what is another hand’s stays');
      t.match(await must('apply --dry-run=server -f -', configMap({ a: '5' })), /server dry run/);
      t.equal((await settings(cell)).a, '4');
      const labels = { labels: { group: 'g' } };
      await must('apply -f -', configMap({}, { name: 'old', ...labels }));
      const kinds = '--prune-whitelist=core/v1/ConfigMap';
      const prune = cell.minor < 26 ? kinds : kinds.replace('whitelist', 'allowlist');
      await must(`apply -f - --prune -l group=g ${prune}`, configMap({}, { name: 'new', ...labels }));
      t.equal(await get('v1', 'configmaps', 'old'), undefined);
      t.ok(await get('v1', 'configmaps', 'new'));
    },
  },
  {
    row: 'apply --server-side owns its fields, meets conflicts, forces',
    async run(cell) {
      const { t, must, get, kubectl } = cell;
      t.match(await must('apply --server-side -f -', configMap({ a: '1' })), /serverside-applied/);
      const { managedFields } = (await get('v1', 'configmaps', 'settings')).metadata;
      t.match(managedFields, [{ manager: 'kubectl', operation: 'Apply' }]);
      const other = '--server-side --field-manager=other -f -';
      const conflict = await kubectl(`apply ${other}`, configMap({ a: '2' }));
      t.match(conflict, { code: 1, err: /conflict with "kubectl".*\.data\.a/s });
      t.equal((await settings(cell)).a, '1');
      await must(`apply --force-conflicts ${other}`, configMap({ a: '2', b: '3' }));
      t.strictSame(await settings(cell), { a: '2', b: '3' });
      await must(`apply ${other}`, configMap({ a: '2' }));
      t.strictSame(await settings(cell), { a: '2' }, 'what its only owner leaves out goes');
      await must('apply --server-side -f -', deployment());
      await must('rollout status deployment/web --timeout=20s');
      t.match(
        await must('apply --server-side -f -', deployment({ image: 'e.com/web:2' })),
        /serverside-applied/,
      );
      t.equal((await web(cell)).spec.template.spec.containers[0].image, 'e.com/web:2');
    },
  },
  {
    row: 'diff says what apply would change, and changes nothing',
    async run(cell) {
      const { t, must, kubectl } = cell;
      await must('apply -f -', deployment());
      t.match(await kubectl('diff -f -', deployment()), { code: 0, out: '' });
      const changed = await kubectl('diff -f -', deployment({ image: 'e.com/web:9' }));
      t.match(changed, { code: 1, out: /-\s+-? ?image: e.com\/web:1\n\+\s+-? ?image: e.com\/web:9/ });
      t.equal((await web(cell)).spec.template.spec.containers[0].image, 'e.com/web:1');
      t.match(await kubectl('diff --server-side -f -', configMap({ a: 'b' })), { code: 1, out: /\+ +a: b/ });
      t.equal(await settings(cell), undefined);
    },
  },
  {
    row: 'edit through an editor, and an edit that is refused',
    async run(cell) {
      const { t, must, directory, kubectl } = cell;
      await must('create -f -', deployment());
      const editor = join(directory, 'editor');
      const write = (expression: string) => writeFile(editor, `#!/bin/sh\nsed -i '${expression}' "$1"\n`);
      await write('s/replicas: 2/replicas: 3/');
      await chmod(editor, 0o755);
      t.match(await kubectl('edit deployment web', '', { KUBE_EDITOR: editor }), { code: 0, out: /edited/ });
      t.equal((await web(cell)).spec.replicas, 3);
      await write('s/replicas: 3/replicas: -3/');
      t.match(await kubectl('edit deployment web', '', { KUBE_EDITOR: editor }), { code: 1 });
      t.equal((await web(cell)).spec.replicas, 3);
    },
  },
  {
    row: 'replace keeps to the revision it was given, and --force makes anew',
    async run(cell) {
      const { t, must, get, kubectl } = cell;
      await must('create -f -', configMap({ a: '1' }));
      const { uid, resourceVersion } = (await get('v1', 'configmaps', 'settings')).metadata;
      t.match(await must('replace -f -', configMap({ b: '2' })), /replaced/);
      t.strictSame(await settings(cell), { b: '2' });
      const stale = await kubectl('replace -f -', configMap({ c: '3' }, { resourceVersion }));
      t.match(stale, { code: 1, err: /the object has been modified/ });
      await must('replace --force -f -', configMap({ d: '4' }));
      const fresh = await get('v1', 'configmaps', 'settings');
      t.strictSame(fresh.data, { d: '4' });
      t.not(fresh.metadata.uid, uid);
    },
  },
  {
    row: 'patch of three types',
    async run(cell) {
      const { t, must, kubectl } = cell;
      await must('create -f -', deployment());
      const containers = async () => (await web(cell)).spec.template.spec.containers;
      const added = {
        spec: { template: { spec: { containers: [{ name: 'side', image: 'e.com/side:1' }] } } },
      };
      t.match(await must(['patch', 'deployment', 'web', '-p', JSON.stringify(added)]), /patched\n/);
      t.same((await containers()).map((c: { name: string }) => c.name).sort(), ['main', 'side']);
      t.match(await must(['patch', 'deployment', 'web', '-p', JSON.stringify(added)]), /no change/);
      await must(['patch', 'deployment', 'web', '--type=merge', '-p', JSON.stringify(added)]);
      t.match(await containers(), [{ name: 'side' }]);
      t.equal((await containers()).length, 1, 'a merge patch replaces lists');
      const operations = [{ op: 'replace', path: '/spec/replicas', value: 5 }];
      await must(['patch', 'deployment', 'web', '--type=json', '-p', JSON.stringify(operations)]);
      t.equal((await web(cell)).spec.replicas, 5);
      const guarded = JSON.stringify([{ op: 'test', path: '/spec/replicas', value: 1 }]);
      t.match(await kubectl(['patch', 'deployment', 'web', '--type=json', '-p', guarded]), { code: 1 });
    },
  },
  {
    row: 'label and annotate',
    async run({ t, must, get, kubectl }) {
      await must('create configmap cm');
      const meta = async () => (await get('v1', 'configmaps', 'cm')).metadata;
      t.match(await must('label configmap cm a=b'), /labeled/);
      t.strictSame((await meta()).labels, { a: 'b' });
      t.match(await kubectl('label configmap cm a=c'), { code: 1, err: /overwrite/ });
      await must('label configmap cm a=c --overwrite');
      await must('annotate configmap cm x.y/z=1');
      t.match(await meta(), { labels: { a: 'c' }, annotations: { 'x.y/z': '1' } });
      await must('label configmap cm a-');
      await must('annotate configmap cm x.y/z-');
      t.notOk((await meta()).labels?.a);
      t.notOk((await meta()).annotations?.['x.y/z']);
      t.match(await kubectl('label configmap cm a=b!'), { code: 1 });
    },
  },
  {
    row: 'run, expose and autoscale',
    async run({ t, must, get }) {
      await must('run one --image=e.com/one:1 --labels=app=one --port=80 --env=A=b');
      t.match((await get('v1', 'pods', 'one')).spec.containers, [
        { name: 'one', env: [{ name: 'A', value: 'b' }] },
      ]);
      await must('wait --for=condition=Ready pod/one --timeout=20s');
      await must('expose pod one --port=8080 --target-port=80 --name=svc');
      const { spec } = await get('v1', 'services', 'svc');
      t.match(spec, { selector: { app: 'one' }, ports: [{ port: 8080, targetPort: 80 }] });
      t.match(spec.clusterIP, /^10\.48\./);
      await must('create deployment web --image=e.com/web:1');
      await must('autoscale deployment web --min=2 --max=5 --cpu-percent=80');
      const scaler = (await get('autoscaling/v2', 'horizontalpodautoscalers', 'web')).spec;
      t.match(scaler, {
        minReplicas: 2,
        maxReplicas: 5,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      });
      t.match(scaler.metrics, [{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }]);
    },
  },
  {
    row: 'wait for conditions, for deletion, and in vain',
    async run({ t, must, start, kubectl }) {
      await must('create -f -', pod());
      t.match(await must('wait --for=condition=Ready pod/one --timeout=20s'), /condition met/);
      t.match(await kubectl('wait --for=condition=Nonsense pod/one --timeout=1s'), {
        code: 1,
        err: /timed out/,
      });
      const waiting = start('wait --for=delete pod/one --timeout=20s -v=6');
      const seen = outputOf(waiting);
      const code = new Promise((resolve) => waiting.once('close', resolve));
      await eventually(() => seen().includes('watch=true'));
      await must('delete pod one');
      t.equal(await code, 0);
    },
  },
  {
    row: 'explain, api-resources, api-versions, version and cluster-info',
    async run({ t, must, kubectl }) {
      t.match(await must('explain deployment.spec.replicas'), /FIELD: +replicas <integer>/);
      t.match(await must('explain pod.spec --recursive'), /terminationGracePeriodSeconds/);
      t.match(await kubectl('explain pod.spec.nonsense'), { code: 1, err: /does not exist/ });
      t.match(
        await must('api-resources -o wide'),
        /deployments +deploy +apps(\/v1)? +true +Deployment +\[?create/,
      );
      t.match(await must('api-resources --namespaced=false -o name'), /^nodes$/m);
      t.match(await must('api-versions'), /^apps\/v1$/m);
      t.match(await must('version'), /Server Version/);
      t.match(await must('cluster-info'), /is running at/);
    },
  },
  {
    row: 'auth can-i',
    async run({ t, must, kubectl, namespace }) {
      await must('create serviceaccount robot');
      const robot = `--as=system:serviceaccount:${namespace}:robot`;
      t.equal(await must('auth can-i delete pods'), 'yes\n');
      t.match(await kubectl(`auth can-i get pods ${robot}`), { code: 1, out: /^no/ });
      await must('create role reader --verb=get --resource=pods');
      await must(`create rolebinding reader --role=reader --serviceaccount=${namespace}:robot`);
      await eventually(async () => (await kubectl(`auth can-i get pods ${robot}`)).out === 'yes\n');
      t.match(await must(`auth can-i --list ${robot}`), /pods +\[\] +\[\] +\[get\]/);
      t.match(await kubectl(`get configmaps ${robot}`), { code: 1, err: /Forbidden.*cannot list/s });
    },
  },
  {
    row: 'auth whoami',
    since: 28,
    async run({ t, must }) {
      t.match(await must('auth whoami'), /Username +admin\nGroups +\[system:masters system:authenticated\]/);
    },
  },
  {
    row: 'create token',
    since: 24,
    async run({ t, must, cluster, namespace }) {
      await must('create serviceaccount robot');
      const token = (await must('create token robot --duration=1h')).trim();
      const headers = { authorization: `Bearer ${token}` };
      const { json } = await cluster.api.ask('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        as: null,
        headers,
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      });
      t.equal(json.status.userInfo.username, `system:serviceaccount:${namespace}:robot`);
    },
  },
  {
    row: 'events',
    since: 26,
    async run({ t, must }) {
      await must('create -f -', pod());
      await eventually(async () => /Scheduled/.test(await must('events --for=pod/one')));
      t.match(await must('events --types=Normal'), /LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/);
    },
  },
  {
    row: 'get events',
    async run({ must }) {
      await must('create -f -', pod());
      await eventually(async () => /Normal +Scheduled +pod\/one/.test(await must('get events')));
    },
  },
];
