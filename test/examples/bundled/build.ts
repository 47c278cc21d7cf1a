/**
 * Bundles the engine and all that it imports into one file, for servers that are deployed as bundles.
 * The argument is the file to write; default engine.bundle.mjs beside this file.
 *
 *     node dist/test/examples/bundled/build.js
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

await build({
  entryPoints: [here('./engine.js')],
  outfile: process.argv[2] ?? here('./engine.bundle.mjs'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
})
