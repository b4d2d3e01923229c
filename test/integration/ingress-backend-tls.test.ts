// Whom Ingress trusts behind HTTPS and GRPCS, and what pods see of it.
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { portOf } from '../../src/base/listener.ts';
import { makeSelfMadeCertificate } from '../../src/pki/self-made-certificate.ts';
import { call, echoGrpc, http2Backend, http2Client } from '../support/ingress-http2.ts';
import type { IngressLab } from '../support/ingress-lab.ts';
import { labWith, toWeb } from '../support/ingress-talk.ts';
import { base64, tlsSecret } from '../support/tls-secret.ts';

interface Pod {
  lab: IngressLab;
  /** By SNI, and the name of the certificate that it was shown; of each connection. */
  seen: string[];
  ask(): Promise<number>;
  /** The Secret with the pod's own certificate as its authority. */
  trust(data?: Record<string, string>): Promise<void>;
}

/** A pod with a certificate for web.default.svc that nobody has signed but itself. */
async function pod(t: Test, protocol: 'HTTPS' | 'GRPCS', annotations: Record<string, string>): Promise<Pod> {
  const lab = await labWith(t, {
    paths: toWeb,
    annotations: { 'backend-protocol': protocol, ...annotations },
  });
  const { keyPem, certificatePem } = await makeSelfMadeCertificate(['web.default.svc'], systemClock);
  const tls = { key: keyPem, cert: certificatePem, requestCert: true, rejectUnauthorized: false };
  const seen: string[] = [];
  const note = (socket: TLSSocket) => {
    const { subject } = socket.getPeerCertificate();
    seen.push(`${socket.servername || '-'} ${subject?.CN ?? '-'}`);
  };
  if (protocol === 'HTTPS') {
    const server = createServer(tls, (_, res) => res.end('fine'));
    server.on('secureConnection', note).on('tlsClientError', () => undefined);
    await lab.listening(server);
    lab.service('web', [portOf(server)]);
  } else {
    const backend = await http2Backend(
      lab,
      'web',
      (stream, headers) => {
        note(backend.sessions.at(-1)?.socket as TLSSocket);
        echoGrpc(stream, headers);
      },
      { tls },
    );
  }
  const session = http2Client(lab);
  return {
    lab,
    seen,
    ask: async () => (await call(session)).headers[':status'] ?? 0,
    trust: async (data = { 'ca.crt': base64(certificatePem) }) => {
      const shown = await tlsSecret(['board.test'], { name: 'trust' });
      lab.secrets.set('default/trust', { ...shown, data: { ...shown.data, ...data } });
    },
  };
}

for (const protocol of ['HTTPS', 'GRPCS'] as const) {
  t.test(`${protocol}: a pod is asked whoever signed for it, unless that is to be verified`, async (t) => {
    t.equal(await (await pod(t, protocol, {})).ask(), 200);
  });

  t.test(
    `${protocol}: verified, a pod is asked if its certificate is signed and for its Service`,
    async (t) => {
      const annotations = { 'proxy-ssl-verify': 'on', 'proxy-ssl-secret': 'default/trust' };
      const { ask, trust, seen } = await pod(t, protocol, annotations);
      t.equal(await ask(), 503, 'without the Secret nobody is asked');
      await trust({ 'ca.crt': '' });
      t.equal(await ask(), 503, 'nor without an authority');
      const another = await tlsSecret(['other.test']);
      await trust({ 'ca.crt': another.data?.['tls.crt'] ?? '' });
      t.equal(await ask(), 502, 'signed by another');
      await trust();
      t.equal(await ask(), 200);
      t.equal(seen.at(-1), 'web.default.svc board.test', 'it is shown the certificate of the Secret');
    },
  );

  t.test(`${protocol}: a pod whose certificate is for another name is not asked`, async (t) => {
    const annotations = {
      'proxy-ssl-verify': 'on',
      'proxy-ssl-secret': 'default/trust',
      'proxy-ssl-name': 'other.default.svc',
    };
    const { ask, trust } = await pod(t, protocol, annotations);
    await trust();
    t.equal(await ask(), 502);
  });

  t.test(`${protocol}: a pod is told the name by SNI where that is asked for`, async (t) => {
    const annotations = { 'proxy-ssl-server-name': 'on', 'proxy-ssl-name': 'pod.test' };
    const { ask, seen } = await pod(t, protocol, annotations);
    t.equal(await ask(), 200);
    t.equal(seen.at(-1), 'pod.test -');
  });

  t.test(`${protocol}: what cannot be verified as it says is closed`, async (t) => {
    for (const annotations of [
      { 'proxy-ssl-verify': 'on' },
      { 'proxy-ssl-verify': 'yes' },
      { 'proxy-ssl-verify': 'on', 'proxy-ssl-secret': 'kube-system/trust' },
    ]) {
      t.equal(await (await pod(t, protocol, annotations as Record<string, string>)).ask(), 503);
    }
  });
}
