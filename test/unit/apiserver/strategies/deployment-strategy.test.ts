import t from 'tap';
import type { Deployment } from '../../../../src/api/objects.ts';
import { DeploymentStrategy } from '../../../../src/apiserver/strategies/deployment-strategy.ts';
import { makeDeployment } from '../../../support/make-deployment.ts';

function labelled(labels: Record<string, string> | undefined): Deployment {
  const deployment = makeDeployment();
  return { ...deployment, metadata: { ...deployment.metadata, ...(labels && { labels }) } };
}

t.test('a write of the status leaves the labels as they are', async (t) => {
  const strategy = new DeploymentStrategy();
  const next = { ...labelled({ a: 'patched', b: 'new' }), status: { readyReplicas: 1 } };
  strategy.prepareForStatus(next, labelled({ a: 'kept' }));
  t.same(next.metadata.labels, { a: 'kept' });
  t.same(next.status, { readyReplicas: 1 });
});

t.test('a write of the status gives no labels to what has none', async (t) => {
  const next = labelled({ a: 'new' });
  new DeploymentStrategy().prepareForStatus(next, labelled(undefined));
  t.notOk('labels' in next.metadata);
});
