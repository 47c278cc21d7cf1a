import type { ServerResponse } from 'node:http'

/** Whether all responses before this one were sent on its connection. */
export function isFirst(response: ServerResponse): boolean {
  return response.socket !== null
}

/** Call a function when all responses before this one were sent on its connection. */
export function whenFirst(response: ServerResponse, run: () => void): void {
  if (isFirst(response)) run()
  else response.once('socket', run)
}
