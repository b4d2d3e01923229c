// Reads ConfigMaps and Secrets of a namespace from the desired set, decoded: as text for variables, as bytes for
// files. The tokens of pods, which travel as Secrets, are not among them: no pod reads another's by naming it.
import { isPodTokensName } from '../../api/pod-tokens.ts';
import type { DesiredState } from '../ports.ts';
import type { ConfigLookup } from './environment.ts';

export interface ConfigFiles {
  configMapFiles(name: string): ReadonlyMap<string, Uint8Array> | undefined;
  secretFiles(name: string): ReadonlyMap<string, Uint8Array> | undefined;
}

export function lookupIn(desired: DesiredState, namespace: string): ConfigLookup & ConfigFiles {
  const configMap = (name: string) => desired.configMaps.get(`${namespace}/${name}`);
  const secret = (name: string) =>
    isPodTokensName(name) ? undefined : desired.secrets.get(`${namespace}/${name}`);
  return {
    configMap: (name) => mapOf(configMap(name)?.data, configMap(name), (text) => text),
    secret: (name) =>
      mapOf(secret(name)?.data, secret(name), (text) => Buffer.from(text, 'base64').toString()),
    configMapFiles(name) {
      const found = configMap(name);
      if (!found) return undefined;
      const files = new Map<string, Uint8Array>();
      for (const [key, text] of Object.entries(found.data ?? {})) files.set(key, Buffer.from(text));
      for (const [key, text] of Object.entries(found.binaryData ?? {}))
        files.set(key, Buffer.from(text, 'base64'));
      return files;
    },
    secretFiles: (name) => mapOf(secret(name)?.data, secret(name), (text) => Buffer.from(text, 'base64')),
  };
}

function mapOf<T>(
  data: Readonly<Record<string, string>> | undefined,
  owner: unknown,
  decode: (text: string) => T,
): ReadonlyMap<string, T> | undefined {
  if (owner === undefined) return undefined;
  return new Map(Object.entries(data ?? {}).map(([key, text]) => [key, decode(text)]));
}
