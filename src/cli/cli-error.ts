// Errors that a person sees: one line that says what is wrong and how to mend it.
import { StatusError } from '../api/status-error.ts';

/** Something wrong with the command line, a file or a configuration. The message is the whole story. */
export class CliError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CliError';
  }
}

function hint(error: StatusError): string {
  switch (error.reason) {
    case 'NotFound':
      return error.details?.kind && error.details.name
        ? `: 'edgectl get ${error.details.kind}' lists what is there`
        : '';
    case 'Unauthorized':
      return ": the server does not accept this user's certificate or token; check the kubeconfig";
    case 'Forbidden':
      return error.code === 403 && error.message.includes('cannot')
        ? '; use a kubeconfig with more rights'
        : '';
    case 'Conflict':
      return '; it has changed meanwhile: run the command again';
    default:
      return '';
  }
}

/** `error: …` without line breaks. */
export function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  const more = error instanceof StatusError ? hint(error) : '';
  return `error: ${`${message}${more}`.replace(/\s*\n\s*/g, ' ').trim()}`;
}
