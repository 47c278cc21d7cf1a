import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

/** The folder of the repository; the compiled code is three folders below it. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** The installed packages, for consumers of moonmeter. */
const MODULES = join(ROOT, 'node_modules')
/** npm takes longer on a loaded machine. */
const NPM_MS_MAX = 180_000

/** Runs npm; its output is part of the error if it fails. */
export function npm(args: readonly string[], cwd = ROOT): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: 'pipe', timeout: NPM_MS_MAX })
}

/** A new folder that is removed after the test. */
export function temporaryFolder(context: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'moonmeter-package-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Packs the built files into a folder without building again; returns the archive. */
export function pack(folder: string): string {
  const [{ filename }] = JSON.parse(
    npm(['pack', '--ignore-scripts', '--json', '--pack-destination', folder]),
  ) as [{ readonly filename: string }]
  return join(folder, filename)
}

/**
 * A project with moonmeter as published, and links to all packages installed here, which is faster
 * than an installation.
 *
 * @returns its folder
 */
export function packedProject(context: Pick<TestContext, 'after'>): string {
  const folder = temporaryFolder(context)
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  for (const name of readdirSync(MODULES)) {
    if (!name.startsWith('.')) symlinkSync(join(MODULES, name), join(modules, name))
  }
  const own = join(modules, 'moonmeter')
  mkdirSync(own)
  execFileSync('tar', ['-xzf', pack(folder), '-C', own, '--strip-components=1'])
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return folder
}
