// What of an Ingress boards cannot do as it says, in words for its Events. Pure.
import type { Ingress, networking } from '../objects.ts';
import { ingressOptions } from './ingress-options.ts';

export interface IngressWarning {
  /** CamelCase, for the Event. */
  reason: string;
  message: string;
}

export function ingressWarnings({ metadata, spec }: Ingress): IngressWarning[] {
  const { options, problems } = ingressOptions(metadata.annotations, metadata.namespace);
  const paths = (spec.rules ?? []).flatMap(({ http }) => http?.paths ?? []);
  const backends = [
    ...paths.map(({ backend }) => backend),
    ...(spec.defaultBackend ? [spec.defaultBackend] : []),
  ];
  return [
    ...problems.map(({ message, isClosing }) => ({
      reason: 'InvalidAnnotation',
      message: isClosing ? `${message}: it protects, so all requests are answered with 503 instead` : message,
    })),
    ...backends.flatMap(resourceWarning),
    ...(options.useRegex ? paths.flatMap(patternWarning) : []),
  ];
}

function resourceWarning({ resource }: networking.IngressBackend): IngressWarning[] {
  if (!resource) return [];
  const what = `${resource.kind}/${resource.name}`;
  const message = `backend ${what} is not a Service: only Services are served, requests are answered with 503`;
  return [{ reason: 'UnsupportedBackend', message }];
}

function patternWarning({ path = '/', pathType }: networking.HTTPIngressPath): IngressWarning[] {
  if (pathType === 'Exact' || pathPattern(path)) return [];
  return [{ reason: 'InvalidPath', message: `path ${path} is not a regular expression and is left out` }];
}

/** As ingress-nginx: from the path's beginning, upper and lower case alike; `undefined` for what is none. */
export function pathPattern(path: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${path.replace(/^\^/, '')})`, 'i');
  } catch {
    return undefined;
  }
}
