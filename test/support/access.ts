// Callers with rights of their own, and the loops that give the usual roles their rules: for tests where rights
// are the point, so that nobody in them is a member of system:masters.
import { systemClock } from '../../src/base/clock.ts';
import { type Component, sequence } from '../../src/base/component.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { ClusterRoleAggregationController } from '../../src/controllers/cluster-role-aggregation.ts';
import type { ControllerOptions } from '../../src/controllers/controller-options.ts';
import { RootCaController } from '../../src/controllers/root-ca.ts';
import { ServiceAccountController } from '../../src/controllers/service-accounts.ts';
import type { Answer, AskOptions, TestApiServer } from './api-server.ts';
import { eventually } from './eventually.ts';

/** Runs the loops that access depends on; resolves when `view`, `edit` and `admin` have their rules. */
export async function runAccessLoops(api: TestApiServer): Promise<Component> {
  const { client } = api.server;
  const informers = new InformerFactory({ client, clock: systemClock, logger: silentLogger });
  const recorder = { record() {} };
  const options: ControllerOptions = {
    client,
    informers,
    clock: systemClock,
    logger: silentLogger,
    recorder,
  };
  const loops = [
    new ClusterRoleAggregationController(options),
    new ServiceAccountController(options),
    new RootCaController({ ...options, rootCaPem: api.authority.certificatePem }),
  ];
  const running = sequence([informers, ...loops]);
  await running.start();
  const isReady = async () => {
    const { json } = await api.ask('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/admin');
    if (!JSON.stringify(json.rules).includes('rolebindings')) throw new Error('admin has no rules yet');
    if (!JSON.stringify(json.rules).includes('pods/log')) throw new Error('admin has not what view has');
  };
  await eventually(isReady);
  return running;
}

/** A caller by certificate: the common name, and one group. */
export async function certified(api: TestApiServer, commonName: string, organization?: string) {
  const identity = await api.authority.issue({
    commonName,
    usage: 'client',
    ...(organization ? { organization } : {}),
  });
  return (method: string, path: string, options: AskOptions = {}): Promise<Answer> =>
    api.ask(method, path, { ...options, as: identity });
}

/** A caller by bearer token. */
export function bearing(api: TestApiServer, token: string) {
  return (method: string, path: string, options: AskOptions = {}): Promise<Answer> =>
    api.ask(method, path, {
      ...options,
      as: null,
      headers: { ...options.headers, authorization: `Bearer ${token}` },
    });
}

export type Caller = ReturnType<typeof bearing>;

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** Binds a ClusterRole in a namespace, or in the whole cluster; the administrator does it. */
export async function bind(
  api: TestApiServer,
  role: string,
  subject: { kind: string; name: string; namespace?: string },
  namespace?: string,
): Promise<void> {
  const metadata = { name: `${role}-${subject.name}`.replaceAll(':', '-') };
  const apiGroup = subject.kind === 'ServiceAccount' ? '' : 'rbac.authorization.k8s.io';
  const body = {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ ...subject, apiGroup }],
  };
  const path = namespace ? `${RBAC}/namespaces/${namespace}/rolebindings` : `${RBAC}/clusterrolebindings`;
  const { code, text } = await api.ask('POST', path, { body });
  if (code !== 201) throw new Error(text);
}

/** A token of a ServiceAccount, which is made when it is not there. */
export async function accountToken(api: TestApiServer, namespace: string, name: string): Promise<string> {
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await api.ask('POST', accounts, { body: { metadata: { name } } });
  const { code, json, text } = await api.ask('POST', `${accounts}/${name}/token`, { body: { spec: {} } });
  if (code !== 201) throw new Error(text);
  return json.status.token;
}
