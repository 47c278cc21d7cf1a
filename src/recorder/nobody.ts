/**
 * A name that no operation and no status has: half of a surrogate pair and a number nobody knows.
 * It stands where there is no name yet, since a comparison of strings that has once seen anything
 * else is a call for ever; a property's name it was because those are compared as pointers.
 */
export const [NO_NAME = ''] = Object.keys({ [`\ud800 ${Math.random()}`]: true })
