// A container's environment as upstream makes it: Service variables first, then envFrom, then env in order, each
// able to use what came before. Pure. https://kubernetes.io/docs/tasks/inject-data-application/
import type { core, Pod } from '../../api/objects.ts';
import { ConfigError } from './config-error.ts';
import { expand } from './env-expansion.ts';
import { fieldValue, type PodPlace, resourceValue } from './field-ref.ts';

/** Plain texts of the ConfigMaps and Secrets that the board has; `undefined` = there is none. */
export interface ConfigLookup {
  configMap(name: string): ReadonlyMap<string, string> | undefined;
  secret(name: string): ReadonlyMap<string, string> | undefined;
}

export interface EnvironmentInput {
  pod: Pod;
  container: core.Container;
  place: PodPlace;
  configs: ConfigLookup;
  serviceVariables: Readonly<Record<string, string>>;
}

/** Throws ConfigError when something that is not optional is missing. */
export function environmentOf(input: EnvironmentInput): Map<string, string> {
  const result = new Map<string, string>();
  for (const source of input.container.envFrom ?? []) addAll(source, input, result);
  for (const variable of input.container.env ?? []) {
    const value = variableValue(variable, input, result);
    if (value !== undefined) result.set(variable.name, value);
  }
  // The container's own names win over those of Services.
  for (const [name, value] of Object.entries(input.serviceVariables)) {
    if (!result.has(name)) result.set(name, value);
  }
  return result;
}

const isVariableName = (name: string) => /^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name);

function addAll(source: core.EnvFromSource, input: EnvironmentInput, result: Map<string, string>): void {
  const values = source.configMapRef
    ? wholeSource('configmap', source.configMapRef, input.configs.configMap)
    : wholeSource('secret', source.secretRef ?? {}, input.configs.secret);
  for (const [key, value] of values) {
    const name = `${source.prefix ?? ''}${key}`;
    if (isVariableName(name)) result.set(name, value);
  }
}

function wholeSource(
  sort: string,
  ref: { name?: string; optional?: boolean },
  find: (name: string) => ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  const values = find(ref.name ?? '');
  if (!values && !ref.optional) throw new ConfigError(`${sort} "${ref.name}" not found`);
  return values ?? new Map();
}

function variableValue(
  variable: core.EnvVar,
  input: EnvironmentInput,
  before: ReadonlyMap<string, string>,
): string | undefined {
  const from = variable.valueFrom;
  if (!from) return expand(variable.value ?? '', withServices(before, input.serviceVariables));
  if (from.fieldRef) return fieldValue(from.fieldRef.fieldPath, input.pod, input.place);
  if (from.resourceFieldRef) {
    return resourceValue(from.resourceFieldRef, input.container, input.pod, input.place);
  }
  if (from.configMapKeyRef) return oneKey('configmap', from.configMapKeyRef, input, input.configs.configMap);
  if (from.secretKeyRef) return oneKey('secret', from.secretKeyRef, input, input.configs.secret);
  throw new ConfigError(`variable ${variable.name}: valueFrom names no source that this board knows`);
}

function withServices(
  before: ReadonlyMap<string, string>,
  services: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  return { get: (name: string) => before.get(name) ?? services[name] } as ReadonlyMap<string, string>;
}

function oneKey(
  sort: string,
  ref: { name?: string; key: string; optional?: boolean },
  input: EnvironmentInput,
  find: (name: string) => ReadonlyMap<string, string> | undefined,
): string | undefined {
  const values = find(ref.name ?? '');
  const value = values?.get(ref.key);
  if (value !== undefined || ref.optional) return value;
  if (!values) throw new ConfigError(`${sort} "${ref.name}" not found`);
  const title = sort === 'configmap' ? 'ConfigMap' : 'Secret';
  throw new ConfigError(
    `couldn't find key ${ref.key} in ${title} ${input.pod.metadata.namespace}/${ref.name}`,
  );
}
