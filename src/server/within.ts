/**
 * A result; rejects with an error where it takes longer than a time. A later result is ignored.
 *
 * @param done what is done to the metrics, for the message
 */
export async function within<Result>(
  timeoutMs: number,
  done: string,
  result: Promise<Result>,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    const error = new Error(`expected the metrics to be ${done} within ${timeoutMs} ms`)
    timer = setTimeout(reject, timeoutMs, error).unref()
  })
  try {
    return await Promise.race([result, timeout])
  } finally {
    clearTimeout(timer)
  }
}
