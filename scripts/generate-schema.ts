// Writes src/api/schema/table.json, from which the server knows every field of every kind. Maintainers run it;
// its output is committed. The source is two Debian packages (trixie and later; Apache-2.0), fetched with a
// sources.list of a release that has them, unpacked but not installed:
//   apt-get download golang-k8s-api-dev golang-k8s-apimachinery-dev && for f in *.deb; do dpkg -x $f unpacked; done
//   node scripts/generate-schema.ts unpacked
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type GoField, type ProtoField, readPackage, type SourcePackage } from './generate-schema-sources.ts';

/** What the table serves: to add a group, add a row. `in` names the package that holds the messages. */
const ROOTS: readonly { group: string; version: string; in: string; kinds: string }[] = [
  {
    group: '',
    version: 'v1',
    in: 'core/v1',
    kinds: 'Namespace Node Pod ReplicationController Service Endpoints Event ConfigMap Secret Binding',
  },
  { group: '', version: 'v1', in: 'meta/v1', kinds: 'DeleteOptions Status' },
  { group: 'meta.k8s.io', version: 'v1', in: 'meta/v1', kinds: 'DeleteOptions Status' },
  { group: 'autoscaling', version: 'v1', in: 'autoscaling/v1', kinds: 'Scale' },
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
};

const SCALARS = new Set(['string', 'bool', 'int32', 'int64', 'double', 'bytes']);

const CODE_FOLDER = 'usr/share/gocode/src/k8s.io';

class Generator {
  readonly #folder: string;
  readonly #packages = new Map<string, SourcePackage>();
  readonly #messages = new Map<string, Map<string, Record<string, string>>>();

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
      const path = name === 'meta/v1' ? 'apimachinery/pkg/apis/meta/v1' : `api/${name}`;
      found = readPackage(join(this.#folder, CODE_FOLDER, path));
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
    for (const field of source) {
      const go = struct.fields.get(field.number);
      if (!go) throw new Error(`${packageName}.${name}.${field.name}: no Go field has this number`);
      if (go.jsonName === '-') throw new Error(`${packageName}.${name}.${field.name}: not in JSON`);
      fields[go.jsonName || field.name] = this.#describe(packageName, field, go);
    }
  }

  #describe(packageName: string, field: ProtoField, go: GoField): string {
    const type = this.#type(packageName, field.type);
    const shape = { one: '', list: '[]', map: '{}' }[field.shape];
    const required = !go.omitEmpty && !go.inline && !field.markers.includes('optional');
    const words = [`${field.number}${required ? '!' : ''}`, `${shape}${type}`, ...patchWords(go)];
    return [...words, ...listWords(field)].join(' ');
  }

  /** The type as the table writes it; messages that it names are added. */
  #type(packageName: string, written: string): string {
    if (SCALARS.has(written)) return written;
    const [owner, name] = this.#resolve(packageName, written);
    const special = SPECIAL[`${owner}.${name}`];
    if (special) return special;
    if (this.#package(owner).listTypes.has(name)) return '[]string';
    this.#add(owner, name);
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
writeFileSync(output, new Generator(folder).run());
