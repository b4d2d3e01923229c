import t from 'tap';
import { parse } from 'yaml';
import { renderKubeconfig } from '../../../src/pki/kubeconfig.ts';

t.test('a kubeconfig is YAML with everything inside it', async (t) => {
  const text = renderKubeconfig({
    server: 'https://127.0.0.1:6443',
    authorityPem: 'CA',
    client: { keyPem: 'KEY', certificatePem: 'CERT' },
  });
  const config = parse(text);
  const decode = (data: string) => Buffer.from(data, 'base64').toString();
  t.equal(config.clusters[0].cluster.server, 'https://127.0.0.1:6443');
  t.equal(decode(config.clusters[0].cluster['certificate-authority-data']), 'CA');
  t.equal(decode(config.users[0].user['client-certificate-data']), 'CERT');
  t.equal(decode(config.users[0].user['client-key-data']), 'KEY');
  t.equal(config['current-context'], config.contexts[0].name);
  t.equal(config.contexts[0].context.user, config.users[0].name);
});
