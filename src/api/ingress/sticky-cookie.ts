// The cookie that brings a client back to the pod that served it first, as `affinity: cookie` asks for.
// https://kubernetes.github.io/ingress-nginx/examples/affinity/cookie/
import type { AnnotationReader } from './annotation-reader.ts';

export interface StickyCookie {
  name: string;
  /** The path of the route unless given. */
  path: string | undefined;
  domain: string | undefined;
  maxAgeSeconds: number | undefined;
  sameSite: string | undefined;
  /** On HTTPS always; here: on HTTP as well. */
  secure: boolean;
  /** A new one when its pod does not answer. */
  changeOnFailure: boolean;
}

const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;
const NO_SEPARATOR = /^[^;\s]+$/;

export function stickyCookie(reader: AnnotationReader): StickyCookie | undefined {
  const isWanted = reader.value('affinity', 'cookie', (text) => text === 'cookie' || undefined);
  // Pods that come take their share of new clients only, in either mode: nobody is moved.
  reader.value(
    'affinity-mode',
    'balanced or persistent',
    (text) => /^(balanced|persistent)$/.test(text) || undefined,
  );
  const maxAge = reader.value('session-cookie-max-age', 'seconds', secondsOf);
  const cookie = {
    name: reader.text('session-cookie-name', 'a name for a cookie', TOKEN) ?? 'INGRESSCOOKIE',
    path: reader.text('session-cookie-path', 'a path', NO_SEPARATOR),
    domain: reader.text('session-cookie-domain', 'a domain', NO_SEPARATOR),
    maxAgeSeconds: reader.value('session-cookie-expires', 'seconds', secondsOf) ?? maxAge,
    sameSite: reader.text('session-cookie-samesite', 'None, Lax or Strict', /^(None|Lax|Strict)$/),
    secure: reader.flag('session-cookie-secure', false),
    changeOnFailure: reader.flag('session-cookie-change-on-failure', false),
  };
  return isWanted ? cookie : undefined;
}

const secondsOf = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);
