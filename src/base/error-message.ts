// What to tell people of something that was thrown, which may be anything.

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
