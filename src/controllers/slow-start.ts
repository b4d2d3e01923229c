// Many equal requests, first one, then two, then four: when all would fail the same way (a bad template), few do.

/**
 * Runs `action` `count` times in growing batches and ends after the first batch with a failure.
 * Returns how many succeeded and the first error.
 */
export async function slowStart(
  count: number,
  action: () => Promise<void>,
): Promise<{ succeeded: number; error: unknown }> {
  let succeeded = 0;
  for (let batch = 1; succeeded < count; batch *= 2) {
    const size = Math.min(batch, count - succeeded);
    const results = await Promise.allSettled(Array.from({ length: size }, action));
    const failed = results.filter((result) => result.status === 'rejected');
    succeeded += size - failed.length;
    if (failed.length > 0) return { succeeded, error: failed[0]?.reason };
  }
  return { succeeded, error: undefined };
}
