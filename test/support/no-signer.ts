// For controllers in tests where nobody asks for a certificate.
import type { CertificateSigner } from '../../src/controllers/certificate-signing.ts';

const none = () => Promise.reject(new Error('nobody asks for a certificate here'));

export const noSigner: CertificateSigner = { read: none, sign: none };
