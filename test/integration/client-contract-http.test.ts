// The HTTP client against the real API server keeps the same contract as the in-process one.
import t from 'tap';
import { HttpClient } from '../../src/client/http-client.ts';
import { startApiServer } from '../support/api-server.ts';
import { clientContract } from '../support/client-contract.ts';

clientContract(t, async () => {
  const api = await startApiServer();
  const client = new HttpClient({
    server: api.url,
    caPem: api.authority.certificatePem,
    certPem: api.admin.certificatePem,
    keyPem: api.admin.keyPem,
  });
  return {
    client,
    async stop() {
      client.close();
      await api.stop();
    },
  };
});
