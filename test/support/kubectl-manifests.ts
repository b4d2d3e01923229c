// Manifests that the cells of the table share.

/** A Deployment `web` with the label `app: web`; its container is `main`. */
export const deployment = (change: { image?: string; replicas?: number; extra?: object } = {}): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: change.replicas ?? 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          containers: [
            {
              name: 'main',
              image: change.image ?? 'e.com/web:1',
              ports: [{ containerPort: 80 }],
              env: [{ name: 'A', value: 'b' }],
            },
          ],
        },
      },
      ...change.extra,
    },
  });

export const configMap = (data: Record<string, string>, metadata: object = {}): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', ...metadata }, data });

/** A pod `one` whose container `main` runs until it is ended. */
export const pod = (spec: object = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'one', labels: { app: 'one' } },
    spec: { containers: [{ name: 'main', image: 'e.com/one:1', stdin: true }], ...spec },
  });
