// Gives a new pod what it needs to call the API: a token, the CA and its namespace as files, where every client
// library looks for them. https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
import type { core } from '../../api/objects.ts';

const NAME_PREFIX = 'kube-api-access-';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** As upstream: seven seconds tell such a token from one that somebody asked for. */
const EXPIRATION_SECONDS = 3607;
/** Put into every namespace by the root CA controller. */
const ROOT_CA = 'kube-root-ca.crt';

/** Containers that mount something there themselves keep it. `newName` makes a name from a beginning. */
export function mountApiAccess(spec: core.PodSpec, newName: (base: string) => string): void {
  const lacking = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].filter(
    ({ volumeMounts }) => !volumeMounts?.some(({ mountPath }) => mountPath === MOUNT_PATH),
  );
  if (lacking.length === 0) return;
  // Admission comes before validation: a volume may still lack its name.
  const names = spec.volumes?.map((volume): string | undefined => volume.name) ?? [];
  const present = names.find((name) => name?.startsWith(NAME_PREFIX));
  const name = present ?? newName(NAME_PREFIX);
  for (const container of lacking) {
    container.volumeMounts = [
      ...(container.volumeMounts ?? []),
      { name, readOnly: true, mountPath: MOUNT_PATH },
    ];
  }
  if (!present) spec.volumes = [...(spec.volumes ?? []), accessVolume(name)];
}

/** Written out with its defaults: admission comes after defaulting. */
function accessVolume(name: string): core.Volume {
  const namespace = { apiVersion: 'v1', fieldPath: 'metadata.namespace' };
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: EXPIRATION_SECONDS, path: 'token' } },
        { configMap: { name: ROOT_CA, items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: namespace }] } },
      ],
      defaultMode: 0o644,
    },
  };
}
