// The channel subprotocols over WebSocket: the first byte of a message names a channel, or in the base64 form an
// ASCII digit does, and the rest is base64.
// https://kubernetes.io/docs/reference/using-api/api-concepts/ and k8s.io/apimachinery/pkg/util/httpstream/wsstream

export interface ChannelProtocol {
  isBase64: boolean;
  /** v5: `255 N` from the client ends channel N. */
  hasClose: boolean;
  /** From v4 on the end is told as a Status in JSON; before, a failure in plain text. */
  hasStatus: boolean;
}

/** Best first, as chooseProtocol() wants them; '' is a client that offers nothing and means the oldest. */
export const PROCESS_PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v5.base64.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
  '',
];

export const FORWARD_PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v5.base64.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  '',
];

export function channelProtocol(name: string): ChannelProtocol {
  const isNew = name.startsWith('v5.') || name.startsWith('v4.');
  return { isBase64: name.includes('base64.'), hasClose: name.startsWith('v5.'), hasStatus: isNew };
}

const CLOSE = 255;

export type ChannelMessage = { channel: number; bytes: Buffer } | { closed: number };

/** `undefined` for what is no message of the protocol. */
export function decodeMessage(protocol: ChannelProtocol, data: Buffer): ChannelMessage | undefined {
  const [first] = data;
  if (first === undefined) return undefined;
  const rest = data.subarray(1);
  if (protocol.hasClose && first === CLOSE) {
    const [closed] = rest;
    return closed === undefined ? undefined : { closed: protocol.isBase64 ? closed - ZERO : closed };
  }
  if (!protocol.isBase64) return { channel: first, bytes: rest };
  return { channel: first - ZERO, bytes: Buffer.from(rest.toString('latin1'), 'base64') };
}

export function encodeMessage(
  protocol: ChannelProtocol,
  channel: number,
  bytes: Uint8Array,
): Buffer | string {
  if (protocol.isBase64)
    return `${String.fromCharCode(ZERO + channel)}${Buffer.from(bytes).toString('base64')}`;
  const message = Buffer.allocUnsafe(1 + bytes.length);
  message[0] = channel;
  message.set(bytes, 1);
  return message;
}

const ZERO = '0'.charCodeAt(0);
