// `isURL` and `url`: the parts of a URL, as they are written.
// Source: k8s.io/apiserver/pkg/cel/library/urls.go
import type { Environment } from '@marcbachmann/cel-js';
import { fail } from './fail.ts';

const SYNTAX = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[^@/?#]*@)?([^/?#]*)(.*)$/s;
const PORT = /:(\d*)$/;

class RuleUrl {
  readonly #scheme: string;
  readonly #host: string;
  readonly #url: URL;

  constructor(scheme: string, host: string, url: URL) {
    this.#scheme = scheme;
    this.#host = host;
    this.#url = url;
  }

  /** Absolute ones, and absolute paths. */
  static parse(text: string): RuleUrl | undefined {
    if (text.startsWith('/') && !text.startsWith('//')) return new RuleUrl('', '', new URL(text, 'http://x'));
    const [, scheme = '', host = ''] = SYNTAX.exec(text) ?? [];
    if (!scheme || /[\s<>"]/.test(text) || !URL.canParse(text)) return undefined;
    return new RuleUrl(scheme, host, new URL(text));
  }

  get scheme(): string {
    return this.#scheme;
  }
  get host(): string {
    return this.#host;
  }
  get hostname(): string {
    return this.#host.replace(PORT, '').replace(/^\[(.*)\]$/, '$1');
  }
  get port(): string {
    return PORT.exec(this.#host)?.[1] ?? '';
  }
  get path(): string {
    return this.#url.pathname;
  }
  get query(): Map<string, string[]> {
    const { searchParams } = this.#url;
    return new Map([...searchParams.keys()].map((key) => [key, searchParams.getAll(key)]));
  }
}

export function addUrlFunctions(environment: Environment): void {
  const name = 'kubernetes.URL';
  environment
    .registerType(name, RuleUrl)
    .registerFunction('isURL(string): bool', (text: string) => RuleUrl.parse(text) !== undefined)
    .registerFunction(`url(string): ${name}`, urlOf)
    .registerFunction(`${name}.getScheme(): string`, (url: RuleUrl) => url.scheme)
    .registerFunction(`${name}.getHost(): string`, (url: RuleUrl) => url.host)
    .registerFunction(`${name}.getHostname(): string`, (url: RuleUrl) => url.hostname)
    .registerFunction(`${name}.getPort(): string`, (url: RuleUrl) => url.port)
    .registerFunction(`${name}.getEscapedPath(): string`, (url: RuleUrl) => url.path)
    .registerFunction(`${name}.getQuery(): map<string, list<string>>`, (url: RuleUrl) => url.query);
}

const urlOf = (text: string): RuleUrl =>
  RuleUrl.parse(text) ?? fail(`URL parse error during conversion from string: ${JSON.stringify(text)}`);
