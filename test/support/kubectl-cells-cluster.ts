// Cells of the table: what is asked of the cluster as a whole, of any kind in any form, and of certificates.
import { webcrypto } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KEY_ALGORITHM, loadX509 } from '../../src/pki/x509.ts';
import { COURSE_KINDS } from './course-kinds.ts';
import { customKind } from './custom-kind.ts';
import { eventually } from './eventually.ts';
import type { KubectlCell } from './kubectl-cell.ts';
import { configMap, deployment, pod } from './kubectl-manifests.ts';

const RESIZED = {
  resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
  resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } },
};

async function certificateRequest(name: string): Promise<string> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: ['ada'] }],
    keys,
    signingAlgorithm: KEY_ALGORITHM,
  });
  const spec = {
    request: Buffer.from(request.toString('pem')).toString('base64'),
    signerName: 'example.com/nobody',
    usages: ['client auth'],
  };
  const apiVersion = 'certificates.k8s.io/v1';
  return JSON.stringify({ apiVersion, kind: 'CertificateSigningRequest', metadata: { name }, spec });
}

export const clusterCells: readonly KubectlCell[] = [
  {
    row: 'certificate approve and deny',
    async run({ t, must, kubectl, cluster, namespace }) {
      const names = ['yes', 'no'].map((word) => `${namespace}-${word}`);
      for (const name of names) await must('create -f -', await certificateRequest(name));
      const [yes = '', no = ''] = names;
      t.match(await must(`get csr ${yes}`), /example\.com\/nobody .*Pending/);
      await must(`certificate approve ${yes}`);
      await must(`certificate deny ${no}`);
      const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
      const conditionOf = async (name: string) =>
        (await cluster.get(`${path}/${name}`)).status.conditions[0].type;
      t.equal(await conditionOf(yes), 'Approved');
      t.equal(await conditionOf(no), 'Denied');
      t.match(await must(`get csr ${no}`), / Denied/);
      t.match(await kubectl(`certificate approve ${no}`), { code: 1, err: /Approved|Denied|Invalid/i });
      await must(['delete', 'csr', ...names]);
    },
  },
  {
    row: 'describe of every kind',
    since: 25,
    async run({ t, must, cluster, namespace }) {
      const made: { kind: string; name: string; object: string }[] = [];
      for (const [index, { path, body }] of COURSE_KINDS.entries()) {
        // Events are described with what they are about, and a LimitRange would keep the pods away.
        if (['Event', 'LimitRange'].includes(body.kind)) continue;
        const name = `${namespace}-${index}`;
        const place = path.replace('namespaces/default', `namespaces/${namespace}`);
        const { code, text } = await cluster.api.ask('POST', place, {
          body: { ...body, metadata: { name } },
        });
        t.equal(code, 201, text);
        const [group = '', version] = body.apiVersion.split('/');
        const kind = version ? `${body.kind.toLowerCase()}.${version}.${group}` : body.kind.toLowerCase();
        made.push({ kind, name, object: `${place}/${name}` });
      }
      const described = await must(['describe', ...made.map(({ kind, name }) => `${kind}/${name}`)]);
      for (const { kind, name } of made) t.match(described, new RegExp(`^Name: +${name}$`, 'm'), kind);
      for (const { object } of made) await cluster.api.ask('DELETE', `${object}?gracePeriodSeconds=0`);
    },
  },
  {
    row: 'cluster-info dump, get componentstatuses and get --raw',
    async run({ t, must, directory, namespace }) {
      await must('create -f -', pod());
      await must('wait --for=condition=Ready pod/one --timeout=20s');
      const dump = join(directory, 'dump');
      await must(`cluster-info dump --namespaces ${namespace} --output-directory=${dump}`);
      t.match(await readdir(join(dump, namespace)), ['daemonsets.json', 'deployments.json', 'events.json']);
      t.ok((await readdir(dump)).includes('nodes.json'));
      t.match(await must('get componentstatuses'), /^scheduler +Healthy +ok/m);
      t.equal(await must('get --raw /readyz'), 'ok');
      t.match(JSON.parse(await must(`get --raw /api/v1/namespaces/${namespace}/pods`)), { kind: 'PodList' });
    },
  },
  {
    row: 'get by columns, paths and templates, sorted, with labels',
    async run({ t, must }) {
      for (const [name, value] of [
        ['a', 'z'],
        ['b', 'y'],
      ] as const) {
        await must('create -f -', configMap({ key: value }, { name, labels: { of: value } }));
      }
      const columns = 'custom-columns=NAME:.metadata.name,KEY:.data.key';
      t.equal(await must(`get cm a b -o ${columns}`), 'NAME   KEY\na      z\nb      y\n');
      t.equal(await must(['get', 'cm', '-l', 'of', '-o', 'jsonpath={.items[*].data.key}']), 'z y');
      const template = '{{range .items}}{{.data.key}}{{end}}';
      t.equal(
        await must([
          'get',
          'cm',
          '-l',
          'of',
          '--sort-by=.data.key',
          '-o',
          'go-template',
          '--template',
          template,
        ]),
        'yz',
      );
      t.match(
        await must('get cm -l of -L of --show-labels'),
        /NAME +DATA +AGE +OF +LABELS\s+a +1 +\S+ +z +of=z/,
      );
    },
  },
  {
    row: 'label and annotate --list, set selector and set serviceaccount',
    async run({ t, must, get }) {
      await must('create -f -', deployment({ replicas: 0 }));
      await must('label deployment web a=b');
      t.match(await must('label deployment web --list'), /^a=b$/m);
      await must('annotate deployment web c=d');
      t.match(await must('annotate deployment web --list'), /^c=d$/m);
      await must('create service clusterip web --tcp=80');
      await must('set selector service web x=y');
      t.same((await get('v1', 'services', 'web')).spec.selector, { x: 'y' });
      await must('create serviceaccount robot');
      await must('set serviceaccount deployment web robot');
      t.equal((await get('apps/v1', 'deployments', 'web')).spec.template.spec.serviceAccountName, 'robot');
    },
  },
  {
    row: 'patch of a pod’s resources in place',
    since: 32,
    async run({ t, must, kubectl, get }) {
      await must('create -f -', pod({ containers: [{ name: 'main', image: 'e.com/one:1', ...RESIZED }] }));
      await must('wait --for=condition=Ready pod/one --timeout=20s');
      const containers = [{ name: 'main', resources: { requests: { cpu: '150m' } } }];
      const patch = JSON.stringify({ spec: { containers } });
      await must(['patch', 'pod', 'one', '--subresource', 'resize', '-p', patch]);
      const { resources } = (await get('v1', 'pods', 'one')).spec.containers[0];
      t.same(resources, { requests: { cpu: '150m' }, limits: { cpu: '200m' } });
      t.match(await kubectl(['patch', 'pod', 'one', '-p', patch.replace('150m', '160m')]), {
        code: 1,
        err: /pod updates may not change fields/,
      });
    },
  },
  {
    row: 'a kind of one’s own, from its definition to its end',
    async run({ t, must, kubectl, cluster, namespace }) {
      const group = `${namespace}.example.com`;
      const text = { type: 'string', description: 'What it is made of.' };
      const spec = { type: 'object', properties: { fabric: text }, required: ['fabric'] };
      const columns = [{ name: 'Fabric', type: 'string', jsonPath: '.spec.fabric' }];
      const definition = customKind(
        group,
        'Shirt',
        { type: 'object', properties: { spec } },
        { names: { shortNames: ['shi'] }, version: { additionalPrinterColumns: columns } },
      );
      await must('apply -f -', JSON.stringify(definition));
      await must(`wait --for=condition=Established crd/shirts.${group} --timeout=20s`);
      const shirt = (fabric: object) =>
        JSON.stringify({
          apiVersion: `${group}/v1`,
          kind: 'Shirt',
          metadata: { name: 'mine' },
          spec: fabric,
        });
      await must('apply -f -', shirt({ fabric: 'wool' }));
      t.match(await kubectl('apply -f -', shirt({ fabric: 7 })), { code: 1, err: /fabric/ });
      t.match(await must(`get shirts.${group}`), /NAME +FABRIC\s+mine +wool/);
      t.match(await must(`explain shirts.spec.fabric --api-version=${group}/v1`), /What it is made of/);
      await must(`delete crd shirts.${group}`);
      await eventually(
        async () =>
          (await cluster.api.ask('GET', `/apis/${group}/v1/namespaces/${namespace}/shirts`)).code === 404,
      );
    },
  },
];
