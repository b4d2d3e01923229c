// Ingress on a real board: /api, /web and /doc on port 80 reach three Services, TLS comes from a Secret, and a foreign
// controller serves its own class beside it.
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import t from 'tap';
import type { Ingress } from '../../src/api/objects.ts';
import { systemClock } from '../../src/base/clock.ts';
import { demoImage, ensureDemoImage } from '../../src/bin/demo/demo-image.ts';
import { makeSelfMadeCertificate } from '../../src/pki/self-made-certificate.ts';
import { eventually } from '../support/eventually.ts';
import { FOREIGN_HOST, FOREIGN_NODE_PORT, foreignIngress } from '../support/foreign-ingress.ts';
import { hostPrograms, NODE_IN_POD, supportFile } from '../support/host-programs.ts';
import { answerOf, call, grpcHead, open } from '../support/ingress-http2.ts';
import { command, Trial } from '../support/trial.ts';

const NAMES = ['api', 'web', 'doc'];

function workload(name: string): object[] {
  const labels = { app: name };
  const script = `mkdir -p /www/${name} && echo "I am ${name}" > /www/${name}/index.html && exec httpd -f -p 8080 -h /www`;
  const container = { name: 'web', image: demoImage, command: ['/bin/sh', '-c', script] };
  return [
    { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: { containers: [container] } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ];
}

const backend = (name: string) => ({ service: { name, port: { number: 80 } } });
const routes = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'site', annotations: { 'nginx.ingress.kubernetes.io/ssl-redirect': 'false' } },
  spec: {
    tls: [{ hosts: ['shop.test'], secretName: 'shop' }],
    rules: [
      {
        http: {
          paths: NAMES.map((name) => ({ path: `/${name}`, pathType: 'Prefix', backend: backend(name) })),
        },
      },
      { host: 'shop.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend: backend('web') }] } },
    ],
  },
};

const GRPC = 'grpc';
const GRPC_HOST = 'grpc.test';
const GRPC_PORT = 50_051;

function grpcWorkload(): object[] {
  const labels = { app: GRPC };
  const { volumes, volumeMounts } = hostPrograms();
  const container = {
    name: GRPC,
    image: demoImage,
    command: [NODE_IN_POD, supportFile('grpc-server.ts'), `${GRPC_PORT}`],
    readinessProbe: { tcpSocket: { port: GRPC_PORT }, periodSeconds: 1 },
    volumeMounts,
  };
  const paths = [{ path: '/', pathType: 'Prefix', backend: backend(GRPC) }];
  return [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: GRPC, labels },
      spec: { volumes, containers: [container] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: GRPC },
      spec: { selector: labels, ports: [{ port: 80, targetPort: GRPC_PORT }] },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: GRPC, annotations: { 'nginx.ingress.kubernetes.io/backend-protocol': 'GRPC' } },
      spec: { rules: [{ host: GRPC_HOST, http: { paths } }] },
    },
  ];
}

/** As gRPC has it on the wire: not compressed, four bytes of length, the message. */
const message = (text: string) => `\0\0\0\0${String.fromCharCode(text.length)}${text}`;

function page(path: string, port = 80, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers: { host }, agent: false }, (response) => {
      let text = `${response.statusCode} `;
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.once('end', () => resolve(text.trim()));
    }).once('error', reject);
  });
}

function shownName(servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: 443, servername, rejectUnauthorized: false }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).subject);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

t.test('Ingress on a board', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-ingress-'));
  const trial = await Trial.create();
  t.teardown(async () => {
    if (!t.passing()) t.comment(trial.program?.output.slice(-4000));
    await trial.destroy();
    await rm(work, { recursive: true, force: true });
  });
  await ensureDemoImage(work);
  await trial.start({ flags: ['--ingress'] });
  const { keyPem, certificatePem } = await makeSelfMadeCertificate(['shop.test'], systemClock);
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'shop' },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': certificatePem, 'tls.key': keyPem },
  };
  await trial.apply(...NAMES.flatMap(workload), secret, routes);

  await t.test('three paths reach three Services', async (t) => {
    for (const name of NAMES) {
      await eventually(async () => (await page(`/${name}/`)) === `200 I am ${name}`, 30_000, 100);
      t.pass(name);
    }
    t.match(await page('/else'), /^404/);
  });

  await t.test('the host shows its certificate, others the default one', async (t) => {
    await eventually(async () => (await shownName('shop.test')) === 'CN=shop.test', 10_000, 100);
    t.equal(await shownName('other.test'), 'CN=ingress.local');
  });

  await t.test('gRPC comes to a pod that speaks it, and each message as it is said', async (t) => {
    await trial.apply(...grpcWorkload());
    const session = connectHttp2('https://127.0.0.1', { rejectUnauthorized: false });
    session.on('error', () => undefined);
    t.teardown(() => session.destroy());
    const method = '/echo.Echo/Say';
    const head = { ':authority': GRPC_HOST, ':path': method, ...grpcHead };
    const trailers = { 'grpc-status': '0', 'x-pod': GRPC, 'x-method': method };
    const whole = await eventually(
      async () => {
        const answer = await call(session, head, message('hello'));
        if (answer.trailers['grpc-status'] !== '0') throw new Error(JSON.stringify(answer));
        return answer;
      },
      30_000,
      200,
    );
    t.match(whole, { headers: { ':status': 200 }, body: message('hello'), trailers });
    const stream = open(session, head);
    const answered = answerOf(stream);
    let heard = '';
    stream.on('data', (part: string) => {
      heard += part;
    });
    stream.write(message('first'));
    await eventually(() => heard === message('first'));
    stream.end(message('second'));
    t.match(await answered, { body: message('first') + message('second'), trailers });
  });

  await t.test('a foreign controller in a pod serves its own class, and neither meddles', async (t) => {
    await trial.apply(...(await foreignIngress(demoImage)));
    await eventually(
      async () => (await page('/web/', FOREIGN_NODE_PORT, FOREIGN_HOST)) === '200 I am web',
      30_000,
      100,
    );
    t.match(
      await page('/web/', 80, FOREIGN_HOST),
      /^200 I am web/,
      'rules without a host are for every host',
    );
    t.match(await page('/', 80, FOREIGN_HOST), /^404/, 'their rules are not ours');
    const theirStatus = async () =>
      (await trial.json<Ingress>('get', 'ingress', 'theirs')).status?.loadBalancer?.ingress;
    t.equal(await theirStatus(), undefined, 'nobody has written it');
    const status = { status: { loadBalancer: { ingress: [{ hostname: 'nginx.test' }] } } };
    const patch = [
      'patch',
      'ingress',
      'theirs',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify(status),
    ];
    await trial.must(...patch);
    await trial.must('annotate', 'ingress', 'site', 'touched=yes');
    const look = [
      '-h',
      '127.0.0.1',
      '-p',
      String(trial.inspectPort),
      '-t',
      'edge/v1/ingress/#',
      '-v',
      '-W',
      '1',
    ];
    const stdout = await eventually(async () => {
      const seen = await command('mosquitto_sub', look);
      return seen.stdout.includes('edge/v1/ingress/default/site ') && seen.stdout;
    }, 20_000);
    t.notMatch(stdout, /theirs/, 'boards are not told of it');
    t.same(await theirStatus(), [{ hostname: 'nginx.test' }], 'what they write stays');
  });

  await t.test('its status names the board', async (t) => {
    const shown = await trial.must('get', 'ingress', 'site');
    t.match(shown, /^site +edge +shop\.test +\d+\.\d+\.\d+\.\d+ +80, 443/m);
  });
});
