// The one error that crosses the wire: its JSON is the Kubernetes `Status`.
// https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#response-status-kind
import type { meta } from './objects.ts';

/** One thing wrong with one field of an object. */
export interface FieldError {
  reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueDuplicate'
    | 'FieldValueTooLong'
    | 'FieldValueTypeInvalid'
    | 'FieldValueNotFound';
  /** JSON path, such as `spec.containers[0].image`. */
  field: string;
  /** Complete sentence as upstream writes it, such as `Required value` or `Invalid value: "x": must be …`. */
  message: string;
}

/** What an error is about: the plural resource (or the kind, for Invalid), its group and name. */
export interface ErrorSubject {
  group: string;
  kind: string;
  name: string;
}

export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: meta.StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: meta.StatusDetails) {
    super(message);
    this.name = 'StatusError';
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  toStatus(): meta.Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }

  /** Rebuilds the error from a `Status` that came over the wire. */
  static fromStatus(status: meta.Status): StatusError {
    return new StatusError(
      status.code ?? 500,
      status.reason ?? 'InternalError',
      status.message ?? 'unknown error',
      status.details,
    );
  }
}

const qualified = (s: ErrorSubject) => (s.group ? `${s.kind}.${s.group}` : s.kind);

export const notFound = (s: ErrorSubject) =>
  new StatusError(404, 'NotFound', `${qualified(s)} "${s.name}" not found`, { ...s });

export const alreadyExists = (s: ErrorSubject) =>
  new StatusError(409, 'AlreadyExists', `${qualified(s)} "${s.name}" already exists`, { ...s });

export const conflict = (s: ErrorSubject, why: string) =>
  new StatusError(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(s)} "${s.name}": ${why}`, {
    ...s,
  });

/** `s.kind` is the CamelCase kind here, not the plural. */
export function invalid(s: ErrorSubject, errors: readonly FieldError[]): StatusError {
  const list = errors.map((e) => `${e.field}: ${e.message}`);
  const text = list.length === 1 ? list[0] : `[${list.join(', ')}]`;
  return new StatusError(422, 'Invalid', `${qualified(s)} "${s.name}" is invalid: ${text}`, {
    ...s,
    causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
  });
}

/** What has no name yet is told as `""`, as upstream does. @throws StatusError Invalid where there are errors */
export function throwIfInvalid(
  { group, kind }: Omit<ErrorSubject, 'name'>,
  name: string | undefined,
  errors: readonly FieldError[],
): void {
  if (errors.length > 0) throw invalid({ group, kind, name: name ?? '' }, errors);
}

export const badRequest = (message: string) => new StatusError(400, 'BadRequest', message);
export const unauthorized = () => new StatusError(401, 'Unauthorized', 'Unauthorized');
export const forbidden = (s: ErrorSubject, why: string) =>
  new StatusError(403, 'Forbidden', `${qualified(s)} "${s.name}" is forbidden: ${why}`, { ...s });
export const methodNotAllowed = (message: string) => new StatusError(405, 'MethodNotAllowed', message);
export const notAcceptable = (message: string) => new StatusError(406, 'NotAcceptable', message);
export const expired = (message: string) => new StatusError(410, 'Expired', message);
export const tooLarge = (message: string) => new StatusError(413, 'RequestEntityTooLarge', message);
export const unsupportedMediaType = (message: string) =>
  new StatusError(415, 'UnsupportedMediaType', message);
export const internalError = (message: string) => new StatusError(500, 'InternalError', message);
export const unavailable = (message: string) => new StatusError(503, 'ServiceUnavailable', message);
export const timeout = (message: string, retryAfterSeconds = 1) =>
  new StatusError(504, 'Timeout', message, { retryAfterSeconds });

const hasReason =
  (...reasons: string[]) =>
  (error: unknown): error is StatusError =>
    error instanceof StatusError && reasons.includes(error.reason);

export const isNotFound = hasReason('NotFound');
export const isAlreadyExists = hasReason('AlreadyExists');
export const isConflict = hasReason('Conflict');
export const isExpired = hasReason('Expired', 'Gone');
