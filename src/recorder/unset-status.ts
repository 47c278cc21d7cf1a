/**
 * The value of a status before the first row. It is a string, because V8 compiles a comparison that
 * has seen another type to a call (2 ns), and the name of a property, because V8 compares such
 * strings by pointer. Half of a surrogate pair and a random number make it different from every
 * status of a caller.
 */
export const [UNSET_STATUS = ''] = Object.keys({ [`\ud800 ${Math.random()}`]: true })
