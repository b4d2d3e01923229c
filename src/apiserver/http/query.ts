// Query parameters as Kubernetes reads them; unknown ones are ignored.

import { badRequest, type FieldError, invalid } from '../../api/status-error.ts';
import type { DeleteOptions } from '../../client/client.ts';
import type { ServerListOptions } from '../registry/list.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** Absent, `0` and `false` in any case are false; everything else, also nothing, is true. */
export function booleanParameter(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

/** @throws StatusError BadRequest for what is no whole number ≥ 0. */
export function numberParameter(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^\d{1,15}$/.test(value)) throw badRequest(`${name} must be a whole number, not "${value}"`);
  return Number(value);
}

const text = (query: URLSearchParams, name: string) => query.get(name) || undefined;

export function listOptions(query: URLSearchParams, namespace: string | undefined): ServerListOptions {
  const resourceVersion = text(query, 'resourceVersion');
  if (resourceVersion && !/^\d{1,15}$/.test(resourceVersion)) {
    throw badRequest(`invalid resource version "${resourceVersion}": it must be one that this server gave`);
  }
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...optional('labelSelector', text(query, 'labelSelector')),
    ...optional('fieldSelector', text(query, 'fieldSelector')),
    resourceVersion,
    resourceVersionMatch: text(query, 'resourceVersionMatch'),
    limit: numberParameter(query, 'limit'),
    continue: text(query, 'continue'),
  };
}

function optional<K extends string>(name: K, value: string | undefined): { [P in K]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]?: string });
}

/** Upstream's default for requests that do not say is Warn; kubectl says Strict. */
export function fieldValidation(query: URLSearchParams): FieldValidation {
  const value = query.get('fieldValidation') || 'Warn';
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value;
  throw optionsInvalid('fieldValidation', value, ['Ignore', 'Strict', 'Warn']);
}

export function dryRun(query: URLSearchParams): boolean {
  return isDryRun(query.getAll('dryRun').filter((value) => value !== ''));
}

export function isDryRun(values: readonly string[]): boolean {
  const unknown = values.find((value) => value !== 'All');
  if (unknown !== undefined) throw optionsInvalid('dryRun', unknown, ['All']);
  return values.length > 0;
}

const policies = ['Orphan', 'Background', 'Foreground'] as const;

export function propagationPolicy(value: unknown): DeleteOptions['propagationPolicy'] {
  if (value === undefined || value === null || value === '') return undefined;
  const known = policies.find((policy) => policy === value);
  if (!known) throw optionsInvalid('propagationPolicy', String(value), policies);
  return known;
}

function optionsInvalid(field: string, value: string, supported: readonly string[]) {
  const list = supported.map((name) => `"${name}"`).join(', ');
  const message = `Unsupported value: "${value}": supported values: ${list}`;
  const errors: FieldError[] = [{ reason: 'FieldValueNotSupported', field, message }];
  return invalid({ group: 'meta.k8s.io', kind: 'Options', name: '' }, errors);
}
