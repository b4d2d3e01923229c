// JSON in and out of MQTT payloads.

/** Empty for `undefined`, which takes a retained message away. */
export const jsonText = (message: object | undefined): string =>
  message === undefined ? '' : JSON.stringify(message);

export const encodeJson = (message: object | undefined): Buffer => Buffer.from(jsonText(message));

/** The object in the payload; `undefined` for an empty payload and for anything that is no JSON object. */
export function decodeJson(payload: Uint8Array): Record<string, unknown> | undefined {
  if (payload.length === 0) return undefined;
  try {
    const { buffer, byteOffset, byteLength } = payload;
    const value: unknown = JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
