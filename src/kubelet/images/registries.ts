// Where images come from on this cluster: mirrors, authorities and credentials per registry, in the form of k3s'
// and RKE2's registries.yaml. Read from the ConfigMap kube-system/registries and from a file of the board.
import { X509Certificate } from 'node:crypto';

export interface RegistryConfig {
  /** PEM; trusted beside the board's own authorities. */
  ca?: string;
  /** Its certificate is not looked at, and plain HTTP is spoken where it has none. */
  insecure: boolean;
  username?: string;
  password?: string;
  /** In kube-system, of type kubernetes.io/dockerconfigjson, dockercfg or basic-auth. */
  secretName?: string;
}

export interface Registries {
  /** By registry, `*` for those not named: `http(s)://host[:port][/path]`, tried in turn before the registry itself. */
  mirrors: ReadonlyMap<string, readonly URL[]>;
  /** By `host[:port]`. */
  configs: ReadonlyMap<string, RegistryConfig>;
}

export const noRegistries: Registries = { mirrors: new Map(), configs: new Map() };

/** @throws Error saying which field is wrong. */
export function parseRegistries(content: unknown): Registries {
  const { mirrors, configs, ...others } = fieldsOf(content ?? {}, 'it');
  const [unknown] = Object.keys(others);
  if (unknown) throw new Error(`${unknown} is not known: mirrors and configs are`);
  return {
    mirrors: mapOf(mirrors, 'mirrors', readMirror),
    configs: mapOf(configs, 'configs', readConfig),
  };
}

/** Entries of `own` replace those of the cluster. */
export function joinRegistries(cluster: Registries, own: Registries): Registries {
  return {
    mirrors: new Map([...cluster.mirrors, ...own.mirrors]),
    configs: new Map([...cluster.configs, ...own.configs]),
  };
}

type Fields = Record<string, unknown>;

function fieldsOf(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error(`${where} must be a map`);
}

function mapOf<T>(value: unknown, where: string, read: (fields: Fields, where: string) => T): Map<string, T> {
  const entries = Object.entries(fieldsOf(value ?? {}, where));
  return new Map(
    entries.map(([name, entry]) => {
      const at = `${where}["${name}"]`;
      return [name, read(fieldsOf(entry, at), at)];
    }),
  );
}

function readMirror({ endpoint }: Fields, where: string): URL[] {
  if (!Array.isArray(endpoint) || endpoint.length === 0)
    throw new Error(`${where}.endpoint must be a list of URLs`);
  return endpoint.map((text: unknown) => {
    const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
    if (url && /^https?:$/.test(url.protocol) && url.host !== '') return url;
    throw new Error(
      `${where}.endpoint: ${JSON.stringify(text)} is not a URL such as https://registry.local:5000`,
    );
  });
}

function readConfig({ auth = {}, tls = {} }: Fields, where: string): RegistryConfig {
  const { username, password, secretName } = fieldsOf(auth, `${where}.auth`);
  const { ca, insecure_skip_verify: insecure = false } = fieldsOf(tls, `${where}.tls`);
  if (typeof insecure !== 'boolean')
    throw new Error(`${where}.tls.insecure_skip_verify must be true or false`);
  return {
    insecure,
    ...optional('ca', authority(ca, `${where}.tls.ca`)),
    ...optional('username', textOf(username, `${where}.auth.username`)),
    ...optional('password', textOf(password, `${where}.auth.password`)),
    ...optional('secretName', textOf(secretName, `${where}.auth.secretName`)),
  };
}

function optional<K extends string>(name: K, value: string | undefined): { [key in K]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { [key in K]: string });
}

function textOf(value: unknown, where: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new Error(`${where} must be text`);
}

function authority(value: unknown, where: string): string | undefined {
  const pem = textOf(value, where);
  if (pem === undefined) return undefined;
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    throw new Error(`${where} is not a certificate in PEM`);
  }
}
