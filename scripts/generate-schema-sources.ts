// Reads what the schema table is made of: messages from generated.proto (names, numbers, types, list and map
// markers) and struct tags from the Go sources beside it (JSON names, inlining, patch strategies).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ProtoField {
  name: string;
  number: number;
  /** As written, such as `string`, `VolumeSource`, `.k8s.io.apimachinery.pkg.apis.meta.v1.Time`. */
  type: string;
  shape: 'one' | 'list' | 'map';
  /** The `+marker` lines of its comment, without the plus sign. */
  markers: string[];
  description: string;
}

export interface GoField {
  jsonName: string;
  inline: boolean;
  omitEmpty: boolean;
  /** Absent and zero are two things in Go. */
  isPointer: boolean;
  patchStrategy: string;
  patchMergeKey: string;
}

export interface GoStruct {
  /** By protobuf field number. */
  fields: Map<number, GoField>;
  hasTypeMeta: boolean;
}

export interface SourcePackage {
  messages: Map<string, ProtoField[]>;
  /** What the comment before each message says. */
  descriptions: Map<string, string>;
  structs: Map<string, GoStruct>;
  /** Named slices (`type ExtraValue []string`): on the wire a message, in JSON a plain list. */
  listTypes: Set<string>;
}

const FIELD = /^ {2}(optional|repeated|required)? ?(?:map<string, ([\w.]+)>|([\w.]+)) (\w+) = (\d+);$/;

export function readPackage(folder: string): SourcePackage {
  const goText = readdirSync(folder)
    .filter((name) => name.endsWith('.go') && !/_test\.go$|^generated|^zz_/.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  const proto = readFileSync(join(folder, 'generated.proto'), 'utf8');
  return {
    messages: parseProto(proto),
    descriptions: new Map(
      [...proto.matchAll(/((?:^\/\/.*\n)+)^message (\w+) /gm)].map((m) => [m[2]!, described(m[1]!)]),
    ),
    structs: parseStructs(goText),
    listTypes: new Set([...goText.matchAll(/^type (\w+) \[\]/gm)].map((match) => match[1]!)),
  };
}

function parseProto(text: string): Map<string, ProtoField[]> {
  const messages = new Map<string, ProtoField[]>();
  for (const [, name, body] of text.matchAll(/^message (\w+) \{\n(.*?)^\}/gms)) {
    messages.set(name!, parseFields(name!, body!));
  }
  return messages;
}

function parseFields(message: string, body: string): ProtoField[] {
  const fields: ProtoField[] = [];
  let markers: string[] = [];
  let comment = '';
  for (const line of body.split('\n')) {
    if (/^ {2}\/\//.test(line)) comment += `${line}\n`;
    const marker = /^ {2}\/\/ \+(.*)$/.exec(line);
    if (marker) markers.push(marker[1]!.trim());
    if (/^\s*(\/\/|$)/.test(line)) continue;
    fields.push({ ...parseField(message, line, markers), description: described(comment) });
    markers = [];
    comment = '';
  }
  return fields;
}

/** As upstream's documents have it: without markers and what follows `---`, one line a paragraph. */
function described(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\/\/ ?/, ''));
  const end = lines.findIndex((line) => line.trim() === '---');
  const kept = (end < 0 ? lines : lines.slice(0, end)).filter((line) => !/^\s*(\+|TODO)/.test(line));
  return kept
    .join('\n')
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s*\n\s*(?![-*•])/g, ' ').trim())
    .filter(Boolean)
    .join('\n\n');
}

function parseField(message: string, line: string, markers: string[]): Omit<ProtoField, 'description'> {
  const match = FIELD.exec(line);
  if (!match) throw new Error(`${message}: cannot read the field ${JSON.stringify(line)}`);
  const [, label, mapValue, type, name, number] = match;
  const shape = mapValue ? 'map' : label === 'repeated' ? 'list' : 'one';
  return { name: name!, number: Number(number), type: (mapValue ?? type)!, shape, markers };
}

function parseStructs(text: string): Map<string, GoStruct> {
  const structs = new Map<string, GoStruct>();
  for (const [, name, body] of text.matchAll(/^type (\w+) struct ?\{(?:\}|\n(.*?)^\})/gms)) {
    structs.set(name!, parseStruct(body ?? ''));
  }
  return structs;
}

function parseStruct(body: string): GoStruct {
  const fields = new Map<number, GoField>();
  const lines = body.split('\n').filter((line) => !line.trim().startsWith('//'));
  for (const line of lines) {
    const tags = /`(.*)`/.exec(line)?.[1] ?? '';
    const number = /protobuf:"[a-z]+\d*,(\d+)/.exec(tags)?.[1];
    if (number) fields.set(Number(number), { ...goField(tags), isPointer: /^\s*\w+\s+\*/.test(line) });
  }
  return {
    fields,
    hasTypeMeta: lines.some((line) => /^\s*(metav1\.)?TypeMeta\s+`json:",inline"/.test(line)),
  };
}

function goField(tags: string): Omit<GoField, 'isPointer'> {
  const tag = (name: string) => new RegExp(`${name}:"([^"]*)"`).exec(tags)?.[1] ?? '';
  const [jsonName = '', ...options] = tag('json').split(',');
  return {
    jsonName,
    inline: options.includes('inline'),
    omitEmpty: options.includes('omitempty'),
    patchStrategy: tag('patchStrategy'),
    patchMergeKey: tag('patchMergeKey'),
  };
}
