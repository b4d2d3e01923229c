// DNS over TCP: each message is preceded by its length in two bytes (RFC 1035, 4.2.2).

export function withLength(message: Buffer): Buffer {
  const framed = Buffer.alloc(message.length + 2);
  framed.writeUInt16BE(message.length, 0);
  message.copy(framed, 2);
  return framed;
}

/** The whole messages at the beginning of `received`, and what is left of it. */
export function takeMessages(received: Buffer): { messages: Buffer[]; rest: Buffer } {
  const messages: Buffer[] = [];
  let at = 0;
  while (received.length - at >= 2) {
    const end = at + 2 + received.readUInt16BE(at);
    if (end > received.length) break;
    messages.push(received.subarray(at + 2, end));
    at = end;
  }
  return { messages, rest: received.subarray(at) };
}
