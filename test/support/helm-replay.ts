// Helm's side of its talk with an API server, request by request, as Helm 3 (three-way patches) and Helm 4
// (server-side apply) send them; Helm itself is in neither Debian nor npm. Releases are Secrets written in protobuf.
// https://helm.sh/docs/topics/advanced/#storage-backends
import type { TestApiServer } from './api-server.ts';
import { eventually } from './eventually.ts';
import { protobufBody } from './protobuf-encoder.ts';

/** What typed Go clients send since 1.32. */
const TYPED = 'application/vnd.kubernetes.protobuf,application/json';
const PROTOBUF = { 'content-type': 'application/vnd.kubernetes.protobuf', accept: TYPED };

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; [field: string]: unknown };
  [field: string]: unknown;
}

export type ReleaseStatus =
  | 'pending-install'
  | 'pending-upgrade'
  | 'pending-rollback'
  | 'deployed'
  | 'superseded'
  | 'uninstalling';

export class HelmReplay {
  readonly #api: TestApiServer;
  readonly #namespace: string;
  readonly #release: string;

  constructor(api: TestApiServer, namespace: string, release: string) {
    this.#api = api;
    this.#namespace = namespace;
    this.#release = release;
  }

  /** Is the cluster there, and which kinds does it know? Resolves with `group/version/plural`. */
  async discover(): Promise<string[]> {
    await this.#must('GET', '/version');
    const accept = [
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
      'application/json',
    ].join(',');
    const found: string[] = [];
    for (const path of ['/api', '/apis']) {
      const { items } = await this.#must('GET', path, { headers: { accept } });
      for (const { metadata, versions } of items) {
        for (const { version, resources } of versions) {
          for (const { resource } of resources) found.push(`${metadata.name ?? ''}/${version}/${resource}`);
        }
      }
    }
    return found;
  }

  /** By which Helm checks a chart before it sends anything. */
  async schemaOf(groupVersion: string): Promise<Record<string, unknown>> {
    const { paths } = await this.#must('GET', '/openapi/v3');
    const { components } = await this.#must('GET', paths[groupVersion].serverRelativeURL);
    return components.schemas;
  }

  /** Numbers and states of the release's revisions, oldest first. */
  async history(status?: ReleaseStatus): Promise<string[]> {
    const wanted = [`name=${this.#release}`, 'owner=helm', ...(status ? [`status=${status}`] : [])].join(',');
    const query = `labelSelector=${encodeURIComponent(wanted)}`;
    const { items } = await this.#must('GET', `${this.#secrets}?${query}`, { headers: { accept: TYPED } });
    const labels = items.map(({ metadata }: Manifest) => metadata.labels as Record<string, string>);
    return labels.map((label: Record<string, string>) => `${label.version} ${label.status}`).sort();
  }

  /** A new revision. @throws when there is one of this number. */
  async record(version: number, status: ReleaseStatus): Promise<void> {
    const body = protobufBody(this.#secret(version, status));
    await this.#must('POST', this.#secrets, { body, headers: PROTOBUF });
  }

  async mark(version: number, status: ReleaseStatus): Promise<void> {
    const secret = this.#secret(version, status);
    const path = `${this.#secrets}/${secret.metadata.name}`;
    await this.#must('PUT', path, { body: protobufBody(secret), headers: PROTOBUF });
  }

  async forget(version: number): Promise<void> {
    await this.#must('DELETE', `${this.#secrets}/${this.#secret(version, 'uninstalling').metadata.name}`);
  }

  /** Helm 3: refuses what is there already, then creates. */
  async create(path: string, manifest: Manifest): Promise<void> {
    const { code } = await this.#api.ask('GET', `${path}/${manifest.metadata.name}`);
    if (code !== 404) throw new Error(`${manifest.kind} ${manifest.metadata.name} is there: ${code}`);
    const query = '?fieldManager=helm&fieldValidation=Strict';
    await this.#must('POST', `${path}${query}`, {
      body: manifest,
      headers: { 'content-type': 'application/json' },
    });
  }

  async patch(path: string, type: 'strategic-merge' | 'merge' | 'json', body: object): Promise<void> {
    const headers = { 'content-type': `application/${type}-patch+json` };
    await this.#must('PATCH', `${path}?fieldManager=helm`, { body, headers });
  }

  /** Helm 4. */
  async apply(path: string, manifest: Manifest, { dryRun = false } = {}): Promise<Manifest> {
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const query = `fieldManager=helm&fieldValidation=Strict&force=false${dryRun ? '&dryRun=All' : ''}`;
    return this.#must('PATCH', `${path}/${manifest.metadata.name}?${query}`, { body: manifest, headers });
  }

  async delete(path: string): Promise<void> {
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };
    const { code } = await this.#api.ask('DELETE', path, {
      body,
      headers: { 'content-type': 'application/json' },
    });
    if (code !== 200 && code !== 404) throw new Error(`DELETE ${path}: ${code}`);
  }

  /** A hook: what an earlier run left goes, then the Job runs to its end, watched. */
  async hook(path: string, job: Manifest): Promise<void> {
    const { name } = job.metadata;
    await this.delete(`${path}/${name}`);
    await this.create(path, job);
    const watch = await this.#api.watch(`${path}?watch=true&fieldSelector=metadata.name%3D${name}`);
    try {
      await eventually(() => watch.events.some(({ object }) => isComplete(object)), 20_000);
    } finally {
      watch.stop();
    }
    await this.delete(`${path}/${name}`);
  }

  get #secrets(): string {
    return `/api/v1/namespaces/${this.#namespace}/secrets`;
  }

  #secret(version: number, status: ReleaseStatus): Manifest {
    const labels = {
      name: this.#release,
      owner: 'helm',
      status,
      version: String(version),
      modifiedAt: '1700000000',
    };
    const release = Buffer.from(JSON.stringify({ name: this.#release, version, info: { status } }));
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: `sh.helm.release.v1.${this.#release}.v${version}`,
        namespace: this.#namespace,
        labels,
      },
      type: 'helm.sh/release.v1',
      // Helm encodes the release once more by itself.
      data: { release: Buffer.from(release.toString('base64')).toString('base64') },
    };
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the server sent.
  async #must(method: string, path: string, options: Parameters<TestApiServer['ask']>[2] = {}): Promise<any> {
    const { code, json, text } = await this.#api.ask(method, path, options);
    if (code >= 300) throw new Error(`${method} ${path}: ${code} ${text}`);
    return json ?? (text.startsWith('{') ? JSON.parse(text) : undefined);
  }
}

function isComplete({ status }: { status?: { conditions?: { type: string; status: string }[] } }): boolean {
  return status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True') === true;
}
