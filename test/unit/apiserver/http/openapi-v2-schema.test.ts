// What an OpenAPI v3 schema becomes in v2: the rules of upstream's ToStructuralOpenAPIV2, for what clients can read.
import t from 'tap';
import type { JsonObject } from '../../../../src/api/schema/json.ts';
import { v2Definition } from '../../../../src/apiserver/http/openapi-v2-schema.ts';

const object = (property: JsonObject): JsonObject => ({ type: 'object', properties: { a: property } });

/** What becomes of a property. */
const converted = (property: JsonObject) => (v2Definition(object(property)).properties as JsonObject).a;

t.test('what v2 can say stays as it is', async (t) => {
  const bars = {
    type: 'array',
    description: 'List of bars.',
    items: { type: 'object', required: ['name'], properties: { name: { type: 'string', pattern: 'x|y' } } },
  };
  t.same(converted(bars), bars);
  const map = { type: 'object', additionalProperties: { type: 'integer', format: 'int32', minimum: 1 } };
  t.same(converted(map), map);
});

t.test('choices and defaults are left out', async (t) => {
  const limited = { type: 'string', default: 'x', anyOf: [{ minLength: 1 }], not: { enum: ['y'] } };
  t.same(converted(limited), { type: 'string' });
});

t.test('a number or a string is a string of that format', async (t) => {
  const format = 'int-or-string';
  t.same(converted({ oneOf: [{ type: 'integer' }, { type: 'string' }], format }), { type: 'string', format });
  const own = { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] };
  t.same(converted(own), { 'x-kubernetes-int-or-string': true, type: 'string', format });
});

t.test('what may be null has no type and is not required', async (t) => {
  const nullable = { type: 'object', nullable: true, properties: { b: { type: 'string' } } };
  t.same(converted(nullable), {});
  const whole = v2Definition({ type: 'object', required: ['a', 'b'], properties: { a: nullable, b: {} } });
  t.same(whole.required, ['b']);
  t.notOk('required' in v2Definition({ type: 'object', required: ['a'], properties: { a: nullable } }));
});

t.test('what keeps unknown fields cannot be held to the known ones', async (t) => {
  const open = { 'x-kubernetes-preserve-unknown-fields': true };
  t.same(converted({ ...object({ type: 'string' }), ...open }), open);
  t.same(v2Definition({ ...object({ type: 'string' }), ...open }), { type: 'object' });
  t.same(converted({ type: 'array' }), {}, 'an array of anything too');
});
