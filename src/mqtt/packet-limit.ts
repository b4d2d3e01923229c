// Follows the fixed headers of an MQTT stream to know of a too large packet before it has arrived: the parser
// would otherwise gather up to 256 MB for anybody with a certificate (MQTT 3.1.1, 2.2.3).

export class PacketLimit {
  readonly #maxPacketBytes: number;
  /** Bytes of the current packet's body that are still to come. */
  #bodyBytes = 0;
  #isInLength = false;
  #length = 0;
  #factor = 1;

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes;
  }

  /** False once a packet announces more than the limit; the connection is then to be ended. */
  accepts(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      const skip = Math.min(this.#bodyBytes, chunk.length - at);
      this.#bodyBytes -= skip;
      at += skip;
      if (at < chunk.length && !this.#header(chunk[at++] ?? 0)) return false;
    }
    return true;
  }

  #header(byte: number): boolean {
    if (!this.#isInLength) {
      this.#isInLength = true;
      this.#length = 0;
      this.#factor = 1;
      return true;
    }
    this.#length += (byte & 0x7f) * this.#factor;
    this.#factor *= 128;
    if (this.#length > this.#maxPacketBytes || this.#factor > 128 ** 4) return false;
    if ((byte & 0x80) === 0) {
      this.#isInLength = false;
      this.#bodyBytes = this.#length;
    }
    return true;
  }
}
