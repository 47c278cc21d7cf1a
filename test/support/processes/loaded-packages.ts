import { createRequire } from 'node:module'

/**
 * Preloaded into the command with `--import`: at the end it prints on standard error which npm
 * packages were loaded, those that are CommonJS inside: commander, pino, piscina, prom-client.
 */

const PACKAGE = /node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/

process.on('exit', () => {
  const paths = Object.keys(createRequire(import.meta.url).cache)
  const names = paths.map((path) => PACKAGE.exec(path)?.[1]).filter((name) => name !== undefined)
  console.error([...new Set(names)].sort().join(' '))
})
