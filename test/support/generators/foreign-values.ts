/** The value that the getters of `FOREIGN_VALUES` throw. */
export const NOT_YOURS = 'not yours'

const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error(NOT_YOURS)
    },
    has() {
      throw new Error(NOT_YOURS)
    },
    ownKeys() {
      throw new Error(NOT_YOURS)
    },
  },
)

/**
 * Values of every type, most of which are invalid for any argument; some throw when they are read.
 */
export const FOREIGN_VALUES: readonly unknown[] = [
  ...[null, undefined, true, false, 10n, Symbol('s'), () => {}, class {}],
  ...['', 'text', '\ud800', 'a\nb', 'x'.repeat(2 ** 12), '__proto__', 'constructor'],
  ...[0, -0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 53, Number.MAX_VALUE],
  ...[{}, Object.create(null), throwing, new Date(Number.NaN), new Map([[1, 2]]), new Set([1])],
  ...[[], [1], [null], ['a', 'a'], [Symbol('s')], new Array(3), [throwing], ['__proto__']],
  ...[{ a: 'x' }, { a: 1n }, { a: Symbol('s') }, { le: 'x' }, { 'a b': 'x' }, { a: { b: 1 } }],
  ...[new Uint8Array(3), Float64Array.of(1, 2), new SharedArrayBuffer(8), Buffer.from('x')],
  ...[Promise.resolve(1), new Error('x'), /x/, new String('x'), new Number(1), new Boolean(false)],
  { toString: null, valueOf: null, constructor: { name: { toString: null } } },
]
