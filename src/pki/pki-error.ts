// What is wrong with a certificate, key or token, and what to do about it.

export class PkiError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'PkiError';
  }
}
