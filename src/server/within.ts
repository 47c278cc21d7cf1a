/**
 * Waits for a result; rejects if it takes longer than the time-out. A later result is ignored.
 *
 * @param done the operation on the metrics, as a participle for the message
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
