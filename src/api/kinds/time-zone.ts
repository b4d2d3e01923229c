// Names of time zones in specs. Source: pkg/apis/batch/validation validateTimeZone
import { invalidValue } from '../field-error.ts';
import type { FieldError } from '../status-error.ts';

/** True for the names that the runtime's time zone database knows, such as `Europe/Berlin`. */
function isKnown(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return false;
  }
}

export function validateTimeZone(name: string | undefined, field: string): FieldError[] {
  if (name === undefined) return [];
  if (name === '') return [invalidValue(field, name, 'must be nil or non-empty string')];
  if (name.toLowerCase() === 'local') {
    const why = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    return [invalidValue(field, name, why)];
  }
  // Offsets such as `+02:00` are known to JavaScript, but are no names of zones.
  if (/^[A-Za-z]/.test(name) && isKnown(name)) return [];
  return [invalidValue(field, name, `unknown time zone ${name}`)];
}
