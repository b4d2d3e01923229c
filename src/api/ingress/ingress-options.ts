// What the annotations of an Ingress ask for, by the names that people know from ingress-nginx. Pure: boards act
// on the options, the master tells of the problems as Events. What would protect and is not understood closes the
// Ingress instead of opening it.
// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/
import { type AnnotationReader, readAnnotations } from './annotation-reader.ts';
import { type BackendTls, backendTls, backendTlsProblem } from './backend-tls.ts';
import { type StickyCookie, stickyCookie } from './sticky-cookie.ts';

const PROTOCOLS = ['HTTP', 'HTTPS', 'GRPC', 'GRPCS'] as const;
export type BackendProtocol = (typeof PROTOCOLS)[number];
/** With backends; gRPC needs it. */
export const isHttp2 = (protocol: BackendProtocol): boolean => protocol === 'GRPC' || protocol === 'GRPCS';
export const isTls = (protocol: BackendProtocol): boolean => protocol === 'HTTPS' || protocol === 'GRPCS';

export interface IngressOptions {
  /** Paths of type Prefix and ImplementationSpecific are regular expressions. */
  useRegex: boolean;
  /** Takes the place of the whole path; `$1` to `$9` are groups of the path's expression. */
  rewriteTarget: string | undefined;
  /** 0 = no limit. */
  bodyLimitBytes: number;
  /** To HTTPS, where the host has a certificate of its own. */
  sslRedirect: boolean;
  /** To HTTPS, certificate or not. */
  forceSslRedirect: boolean;
  appRoot: string | undefined;
  stickyCookie: StickyCookie | undefined;
  backendProtocol: BackendProtocol;
  backendTls: BackendTls;
  connectTimeoutMs: number;
  /** Between two reads from a backend. */
  readTimeoutMs: number;
  /** Host that backends are told, instead of the client's. */
  upstreamVhost: string | undefined;
  forwardedPrefix: string | undefined;
  /** CIDRs of clients; empty = all. */
  allowedRanges: readonly string[];
  redirect: { url: string; code: number } | undefined;
  serverAliases: readonly string[];
}

export interface IngressProblem {
  message: string;
  /** Served as it stands it would be more open than was asked for: answered with 503 instead. */
  isClosing: boolean;
}

export interface ReadOptions {
  options: IngressOptions;
  problems: readonly IngressProblem[];
}

const ABSOLUTE_PATH = /^\/\S*$/;
const HOST = /^[A-Za-z0-9.\-:]+$/;
/** `nginx.conf`'s spelling: kilobytes, megabytes, gigabytes. */
const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `namespace`: of the Ingress. */
export function ingressOptions(
  annotations: Readonly<Record<string, string>> | undefined,
  namespace?: string,
): ReadOptions {
  const reader = readAnnotations(annotations ?? {});
  const options = {
    ...routing(reader),
    ...limits(reader),
    ...redirects(reader),
    stickyCookie: stickyCookie(reader),
    backendProtocol: reader.value('backend-protocol', 'HTTP, HTTPS, GRPC or GRPCS', protocolOf) ?? 'HTTP',
    backendTls: backendTls(reader),
    upstreamVhost: reader.text('upstream-vhost', 'a host', HOST),
    forwardedPrefix: reader.text('x-forwarded-prefix', 'a path', ABSOLUTE_PATH),
  };
  const message = backendTlsProblem(options.backendTls, namespace);
  return { options, problems: [...reader.problems(), ...(message ? [{ message, isClosing: true }] : [])] };
}

function routing(reader: AnnotationReader) {
  const rewriteTarget = reader.text('rewrite-target', 'a path that begins with /', ABSOLUTE_PATH);
  return {
    useRegex: reader.flag('use-regex', false) || rewriteTarget !== undefined,
    rewriteTarget,
    appRoot: reader.text('app-root', 'a path that begins with /', ABSOLUTE_PATH),
    serverAliases: reader.list('server-alias'),
    allowedRanges: [...reader.ranges('whitelist-source-range'), ...reader.ranges('allowlist-source-range')],
  };
}

/** Defaults are ingress-nginx's. */
function limits(reader: AnnotationReader) {
  return {
    bodyLimitBytes: reader.value('proxy-body-size', 'a size such as 8m, or 0', sizeOf) ?? 1024 ** 2,
    connectTimeoutMs: 1000 * (reader.value('proxy-connect-timeout', 'seconds', secondsOf) ?? 5),
    readTimeoutMs:
      1000 *
      Math.max(
        reader.value('proxy-read-timeout', 'seconds', secondsOf) ?? 60,
        reader.value('proxy-send-timeout', 'seconds', secondsOf) ?? 0,
      ),
  };
}

function redirects(reader: AnnotationReader) {
  const permanent = reader.text('permanent-redirect', 'a URL', /^\S+$/);
  const temporal = reader.text('temporal-redirect', 'a URL', /^\S+$/);
  const code = reader.value('permanent-redirect-code', 'a status from 301 to 308', redirectCodeOf) ?? 301;
  return {
    sslRedirect: reader.flag('ssl-redirect', true),
    forceSslRedirect: reader.flag('force-ssl-redirect', false),
    redirect: temporal ? { url: temporal, code: 302 } : permanent ? { url: permanent, code } : undefined,
  };
}

function protocolOf(text: string): BackendProtocol | undefined {
  return PROTOCOLS.find((protocol) => protocol === text.toUpperCase());
}

function sizeOf(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (SIZE_UNITS[unit.toLowerCase()] ?? 1);
}

/** Timers hold no more than 24 days. */
function secondsOf(text: string): number | undefined {
  const [, digits] = /^(\d{1,6})s?$/.exec(text) ?? [];
  return digits === undefined || Number(digits) === 0 ? undefined : Number(digits);
}

function redirectCodeOf(text: string): number | undefined {
  return ['301', '302', '303', '307', '308'].includes(text) ? Number(text) : undefined;
}
