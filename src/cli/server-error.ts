/** A server that was asked for its figures does not give them; the message says what to do. */
export class ServerError extends Error {}
