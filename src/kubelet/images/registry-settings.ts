// What holds for registries now: the cluster's ConfigMap and the board's own file, with the credentials that they
// name. Read at each pull, which is rare; nothing is kept. What cannot be read is told and left out.
import type { Secret } from '../../api/objects.ts';
import { REGISTRIES_CONFIG, REGISTRIES_KEY, REGISTRIES_NAMESPACE } from '../../api/registries-config.ts';
import { readFileIfPresent } from '../../base/if-present.ts';
import type { DesiredState } from '../ports.ts';
import { credentialsFor, keyringOf } from './keyring.ts';
import { joinRegistries, noRegistries, parseRegistries, type Registries } from './registries.ts';
import type { RegistryAuth } from './registry-auth.ts';

export interface KnownRegistries {
  registries: Registries;
  /** Why a part of it is not heeded; one sentence each. */
  problems: readonly string[];
  /** For a host of the configs, to be tried after those of the pod; `reference` is what is to be pulled. */
  credentials(host: string, reference: string): RegistryAuth[];
}

export interface RegistrySettingsOptions {
  desired(): Pick<DesiredState, 'configMaps' | 'secrets'> | undefined;
  /** Of this board alone; its entries replace the cluster's. */
  file: string | undefined;
}

export class RegistrySettings {
  readonly #options: RegistrySettingsOptions;

  constructor(options: RegistrySettingsOptions) {
    this.#options = options;
  }

  async current(): Promise<KnownRegistries> {
    const problems: string[] = [];
    const state = this.#options.desired();
    const map = state?.configMaps.get(REGISTRIES_CONFIG);
    const where = `ConfigMap ${REGISTRIES_CONFIG}`;
    const cluster = await read(map?.data?.[REGISTRIES_KEY], where, problems);
    const own = await read(await this.#ownText(problems), this.#options.file ?? '', problems);
    const registries = joinRegistries(cluster, own);
    const credentials = (host: string, reference: string) =>
      authsOf(registries, host, reference, state?.secrets ?? new Map());
    return { registries, problems, credentials };
  }

  async #ownText(problems: string[]): Promise<string | undefined> {
    const { file } = this.#options;
    if (!file) return undefined;
    try {
      return await readFileIfPresent(file);
    } catch (error) {
      problems.push(`${file} cannot be read: ${wordsOf(error)}`);
      return undefined;
    }
  }
}

async function read(text: string | undefined, where: string, problems: string[]): Promise<Registries> {
  if (text === undefined) return noRegistries;
  const { parse } = await import('yaml');
  try {
    return parseRegistries(parse(text));
  } catch (error) {
    problems.push(`${where} is not heeded: ${wordsOf(error)}`);
    return noRegistries;
  }
}

function authsOf(
  { configs }: Registries,
  host: string,
  reference: string,
  secrets: ReadonlyMap<string, Secret>,
): RegistryAuth[] {
  const { username, password, secretName } = configs.get(host) ?? {};
  const own = username !== undefined && password !== undefined ? [{ username, password }] : [];
  const secret = secretName ? secrets.get(`${REGISTRIES_NAMESPACE}/${secretName}`) : undefined;
  return [...own, ...(secret ? authsIn(secret, reference) : [])];
}

function authsIn(secret: Secret, reference: string): RegistryAuth[] {
  if (secret.type !== 'kubernetes.io/basic-auth') return credentialsFor(keyringOf(secret), reference);
  const textOf = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
  return [{ username: textOf('username'), password: textOf('password') }];
}

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
