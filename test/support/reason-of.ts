// How a call failed, for assertions.
import { StatusError } from '../../src/api/status-error.ts';

/** The StatusError's reason; the error's text for any other; `no error` when it went well. */
export async function reasonOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'no error';
  } catch (error) {
    return error instanceof StatusError ? error.reason : String(error);
  }
}
