/** Whether the long form is run. */
export const IS_LONG = process.env.MOONMETER_FLEET === 'long'

/** Duration of a fault of a server or a network partition, in milliseconds. */
export const FAULT_MS = IS_LONG ? 20_000 : 5_000

/** Milliseconds after which the processes of a test are killed. */
export const LIFE_MS_MAX = IS_LONG ? 3_600_000 : 300_000

/** Time-out in milliseconds of a condition: enough for a loaded machine and retries of clients. */
export const WAIT_MS_MAX = 60_000

/** The port of the NATS server of a host. */
export const NATS_PORT = 4_222
