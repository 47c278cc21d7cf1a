/** Whether the long form is run. */
export const IS_LONG = process.env.MOONMETER_FLEET === 'long'

/** Milliseconds that a server is away, or a host is cut off. */
export const FAULT_MS = IS_LONG ? 20_000 : 5_000

/** Milliseconds after which the processes of a test are killed. */
export const LIFE_MS_MAX = IS_LONG ? 3_600_000 : 300_000

/** Milliseconds to wait for what must come: enough for a loaded machine, and clients that try again. */
export const WAIT_MS_MAX = 60_000

/** The port of the NATS server of a host. */
export const NATS_PORT = 4_222
