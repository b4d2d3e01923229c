// Writes src/api/schema/table.json, from which the server knows every field of every kind, and descriptions.json.gz
// beside it, from which `kubectl explain` says what they are. Maintainers run it;
// its output is committed. The source is four Debian packages (Apache-2.0), fetched with a sources.list of a
// release that has them, unpacked but not installed:
//   apt-get download golang-k8s-{api,apimachinery,apiextensions-apiserver,metrics}-dev
//   for f in *.deb; do dpkg -x $f unpacked; done && node scripts/generate-schema.ts unpacked
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type GoField, type ProtoField, readPackage, type SourcePackage } from './generate-schema-sources.ts';

const META_KINDS =
  'DeleteOptions Status PartialObjectMetadata PartialObjectMetadataList CreateOptions UpdateOptions PatchOptions';

/** What the table serves: to add a group, add a row. `in` names the package that holds the messages. */
const ROOTS: readonly { group: string; version: string; in: string; kinds: string }[] = [
  {
    group: '',
    version: 'v1',
    in: 'core/v1',
    kinds:
      'Namespace Node Pod ReplicationController Service Endpoints Event ConfigMap Secret Binding ResourceQuota ' +
      'LimitRange ServiceAccount PodTemplate PersistentVolume PersistentVolumeClaim',
  },
  {
    group: 'apps',
    version: 'v1',
    in: 'apps/v1',
    kinds: 'Deployment ReplicaSet DaemonSet StatefulSet ControllerRevision',
  },
  { group: 'batch', version: 'v1', in: 'batch/v1', kinds: 'Job CronJob' },
  // An alias that old clients post to: v1beta1's CronJob became v1's without a change of fields.
  { group: 'batch', version: 'v1beta1', in: 'batch/v1', kinds: 'CronJob' },
  { group: 'autoscaling', version: 'v1', in: 'autoscaling/v1', kinds: 'HorizontalPodAutoscaler Scale' },
  { group: 'autoscaling', version: 'v2', in: 'autoscaling/v2', kinds: 'HorizontalPodAutoscaler' },
  {
    group: 'networking.k8s.io',
    version: 'v1',
    in: 'networking/v1',
    kinds: 'Ingress IngressClass NetworkPolicy',
  },
  { group: 'discovery.k8s.io', version: 'v1', in: 'discovery/v1', kinds: 'EndpointSlice' },
  { group: 'coordination.k8s.io', version: 'v1', in: 'coordination/v1', kinds: 'Lease' },
  { group: 'policy', version: 'v1', in: 'policy/v1', kinds: 'PodDisruptionBudget Eviction' },
  // What kubectl 1.20 sends to drain a node.
  { group: 'policy', version: 'v1beta1', in: 'policy/v1', kinds: 'Eviction' },
  {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    in: 'rbac/v1',
    kinds: 'Role RoleBinding ClusterRole ClusterRoleBinding',
  },
  { group: 'events.k8s.io', version: 'v1', in: 'events/v1', kinds: 'Event' },
  { group: 'storage.k8s.io', version: 'v1', in: 'storage/v1', kinds: 'StorageClass' },
  { group: 'scheduling.k8s.io', version: 'v1', in: 'scheduling/v1', kinds: 'PriorityClass' },
  { group: 'node.k8s.io', version: 'v1', in: 'node/v1', kinds: 'RuntimeClass' },
  {
    group: 'certificates.k8s.io',
    version: 'v1',
    in: 'certificates/v1',
    kinds: 'CertificateSigningRequest',
  },
  {
    group: 'authentication.k8s.io',
    version: 'v1',
    in: 'authentication/v1',
    kinds: 'TokenRequest TokenReview SelfSubjectReview',
  },
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    in: 'authorization/v1',
    kinds: 'SubjectAccessReview LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview',
  },
  {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    in: 'apiextensions/v1',
    kinds: 'CustomResourceDefinition',
  },
  {
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    in: 'metrics/v1beta1',
    kinds: 'NodeMetrics PodMetrics',
  },
  { group: '', version: 'v1', in: 'meta/v1', kinds: META_KINDS },
  { group: 'meta.k8s.io', version: 'v1', in: 'meta/v1', kinds: META_KINDS },
];

/** Messages whose JSON is not an object of their fields. */
const SPECIAL: Readonly<Record<string, string>> = {
  'resource.Quantity': 'Quantity',
  'intstr.IntOrString': 'IntOrString',
  'meta/v1.Time': 'Time',
  'meta/v1.MicroTime': 'MicroTime',
  'meta/v1.Duration': 'Duration',
  'meta/v1.FieldsV1': 'Any',
  'runtime.RawExtension': 'Any',
  'apiextensions/v1.JSON': 'Any',
};

/** Messages whose JSON is one of several shapes: `Any` there, and these messages in protobuf. */
const UNIONS = new Set([
  'apiextensions/v1.JSONSchemaPropsOrArray',
  'apiextensions/v1.JSONSchemaPropsOrBool',
  'apiextensions/v1.JSONSchemaPropsOrStringArray',
]);

const SCALARS = new Set(['string', 'bool', 'int32', 'int64', 'double', 'bytes']);

const CODE_FOLDER = 'usr/share/gocode/src/k8s.io';

/** Where packages lie that are not below `api`. */
const FOLDERS: Readonly<Record<string, string>> = {
  'meta/v1': 'apimachinery/pkg/apis/meta/v1',
  'apiextensions/v1': 'apiextensions-apiserver/pkg/apis/apiextensions/v1',
  'metrics/v1beta1': 'metrics/pkg/apis/metrics/v1beta1',
};

class Generator {
  readonly #folder: string;
  readonly #packages = new Map<string, SourcePackage>();
  readonly #messages = new Map<string, Map<string, Record<string, string>>>();

  /** By message, then by field; '' is the message itself. */
  readonly descriptions: Record<string, Record<string, string>> = {};

  constructor(folder: string) {
    this.#folder = folder;
  }

  run(): string {
    const kinds: Record<string, string> = {};
    for (const root of ROOTS) {
      for (const kind of root.kinds.split(' ')) {
        kinds[`${root.group}/${root.version}/${kind}`] = `${root.in}.${kind}`;
        this.#add(root.in, kind);
      }
    }
    return this.#print(kinds);
  }

  #package(name: string): SourcePackage {
    let found = this.#packages.get(name);
    if (!found) {
      found = readPackage(join(this.#folder, CODE_FOLDER, FOLDERS[name] ?? `api/${name}`));
      this.#packages.set(name, found);
    }
    return found;
  }

  /** Adds the message and all that it leads to. */
  #add(packageName: string, name: string): void {
    const messages = this.#messages.get(packageName) ?? new Map<string, Record<string, string>>();
    this.#messages.set(packageName, messages);
    if (messages.has(name)) return;
    const { messages: sources, structs } = this.#package(packageName);
    const source = sources.get(name);
    const struct = structs.get(name);
    if (!source || !struct) throw new Error(`${packageName}.${name}: no message or no Go struct`);
    const fields: Record<string, string> = struct.hasTypeMeta
      ? { apiVersion: '0 string', kind: '0 string' }
      : {};
    messages.set(name, fields);
    const texts: Record<string, string> = { '': this.#package(packageName).descriptions.get(name) ?? '' };
    this.descriptions[`${packageName}.${name}`] = texts;
    for (const field of source) {
      const go = struct.fields.get(field.number);
      if (!go) throw new Error(`${packageName}.${name}.${field.name}: no Go field has this number`);
      if (go.jsonName === '-') throw new Error(`${packageName}.${name}.${field.name}: not in JSON`);
      fields[go.jsonName || field.name] = this.#describe(packageName, field, go);
      if (field.description) texts[go.jsonName || field.name] = field.description;
    }
  }

  #describe(packageName: string, field: ProtoField, go: GoField): string {
    const type = this.#type(packageName, field.type);
    const shape = { one: '', list: '[]', map: '{}' }[field.shape];
    const required = !go.omitEmpty && !go.inline && !field.markers.includes('optional');
    const words = [`${field.number}${required ? '!' : ''}`, `${shape}${type}`, ...patchWords(go)];
    const pointer = go.isPointer && field.shape === 'one' && SCALARS.has(type) ? ['ptr'] : [];
    const union = UNIONS.has(`${packageName}.${field.type}`) ? [`proto=${field.type}`] : [];
    return [...words, ...listWords(field), ...pointer, ...union].join(' ');
  }

  /** The type as the table writes it; messages that it names are added. */
  #type(packageName: string, written: string): string {
    if (SCALARS.has(written)) return written;
    const [owner, name] = this.#resolve(packageName, written);
    const special = SPECIAL[`${owner}.${name}`];
    if (special) return special;
    if (this.#package(owner).listTypes.has(name)) return '[]string';
    this.#add(owner, name);
    if (UNIONS.has(`${owner}.${name}`)) return 'Any';
    return owner === packageName ? name : `${owner}.${name}`;
  }

  #resolve(packageName: string, written: string): [string, string] {
    const path = /^\.k8s\.io\.(?:api|apimachinery\.pkg)\.(.+)\.(\w+)$/.exec(written);
    if (!path) return [packageName, written];
    const owner = path[1]!.replace(/^(api|apis|util)\./, '').replaceAll('.', '/');
    return [owner, path[2]!];
  }

  #print(kinds: Record<string, string>): string {
    const packages = [...this.#messages].map(([name, messages]) => {
      const lines = [...messages]
        .sort(byName)
        .map(([m, fields]) => `${JSON.stringify(m)}:${JSON.stringify(fields)}`);
      return `${JSON.stringify(name)}:{\n${lines.join(',\n')}\n}`;
    });
    const head = `"source":${JSON.stringify(packageVersions(this.#folder))},\n"kinds":${JSON.stringify(kinds)}`;
    return `{\n${head},\n"messages":{\n${packages.join(',\n')}\n}\n}\n`;
  }
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);

function patchWords({ inline, patchStrategy, patchMergeKey }: GoField): string[] {
  const words = inline ? ['inline'] : [];
  for (const strategy of patchStrategy.split(',').filter(Boolean)) {
    words.push(strategy === 'merge' && patchMergeKey ? `merge=${patchMergeKey}` : strategy);
  }
  return words;
}

function listWords({ markers }: ProtoField): string[] {
  const values = (name: string) =>
    markers.filter((m) => m.startsWith(`${name}=`)).map((m) => m.slice(name.length + 1));
  const keys = values('listMapKey');
  const list = values('listType').map((type) => `list=${type}${keys.length ? `:${keys.join(',')}` : ''}`);
  return [...list, ...values('mapType').map((type) => `map=${type}`)];
}

/** Such as `golang-k8s-api-dev 0.36.4-1`, from the changelogs in the packages. */
function packageVersions(folder: string): string[] {
  const docs = join(folder, 'usr/share/doc');
  return readdirSync(docs).map((name) => {
    const changelog = gunzipSync(readFileSync(join(docs, name, 'changelog.Debian.gz'))).toString('utf8');
    return `${name} ${/\((.*?)\)/.exec(changelog)?.[1] ?? 'unknown'}`;
  });
}

const folder = process.argv[2];
if (!folder) throw new Error('usage: node scripts/generate-schema.ts FOLDER (the unpacked packages)');
const output = new URL('../src/api/schema/table.json', import.meta.url);
const generator = new Generator(folder);
writeFileSync(output, generator.run());
const texts = new URL('../src/api/schema/descriptions.json.gz', import.meta.url);
writeFileSync(texts, gzipSync(JSON.stringify(generator.descriptions), { level: 9 }));
