/** An engine file that cannot be loaded. */

throw new Error('this file fails while it loads')

export {}
