import { createRequire } from 'node:module'

/**
 * Preloaded into the command with `--import`: at the end it prints the loaded npm packages on
 * standard error. It detects CommonJS packages: commander, pino, piscina, prom-client.
 */

const PACKAGE = /node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/

process.on('exit', () => {
  const paths = Object.keys(createRequire(import.meta.url).cache)
  const names = paths.map((path) => PACKAGE.exec(path)?.[1]).filter((name) => name !== undefined)
  console.error([...new Set(names)].sort().join(' '))
})
