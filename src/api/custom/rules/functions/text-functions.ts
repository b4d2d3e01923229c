// Functions of texts: pieces, replacements, regular expressions, and formatted texts.
// Source: github.com/google/cel-go ext/strings.go; k8s.io/apiserver/pkg/cel/library/regex.go
import type { Environment } from '@marcbachmann/cel-js';
import { fail } from './fail.ts';
import { formatted } from './formatted.ts';
import { matchesIn } from './pattern.ts';

export function addTextFunctions(environment: Environment): void {
  environment
    .registerFunction('string.charAt(int): string', charAt)
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
      text.replaceAll(from, () => to),
    )
    .registerFunction('string.replace(string, string, int): string', replaceSome)
    .registerFunction('string.reverse(): string', (text: string) => [...text].reverse().join(''))
    .registerFunction('string.find(string): string', (text: string, pattern: string) =>
      pattern === '' ? '' : (matchesIn(text, pattern, 1)[0] ?? ''),
    )
    .registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
      matchesIn(text, pattern),
    )
    .registerFunction(
      'string.findAll(string, int): list<string>',
      (text: string, pattern: string, limit: bigint) => matchesIn(text, pattern, limitOf(limit)),
    )
    .registerFunction('string.format(list<dyn>): string', formatted)
    .registerFunction('string(google.protobuf.Timestamp): string', (time: Date) => formatted('%s', [time]))
    .registerFunction('string(google.protobuf.Duration): string', (span: unknown) => formatted('%s', [span]))
    .registerFunction('int(google.protobuf.Timestamp): int', (time: Date) =>
      BigInt(Math.floor(time.getTime() / 1000)),
    );
}

function charAt(text: string, index: bigint): string {
  const characters = [...text];
  if (index < 0n || index > BigInt(characters.length)) return fail(`index out of range: ${index}`);
  return characters[Number(index)] ?? '';
}

function replaceSome(text: string, from: string, to: string, limit: bigint): string {
  let left = limitOf(limit);
  return text.replaceAll(from, (found) => (left-- > 0 ? to : found));
}

/** Less than none is no limit. */
const limitOf = (limit: bigint): number => (limit < 0n ? Number.POSITIVE_INFINITY : Number(limit));
