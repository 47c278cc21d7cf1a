/** The error for a server that does not send its stream. The message contains the remedy. */
export class ServerError extends Error {}
