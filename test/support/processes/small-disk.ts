import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

const SILENT = { stdio: 'ignore' } as const
const CHUNK_BYTES = 2 ** 12

/** A file system of a test that can be filled. */
export class SmallDisk {
  readonly directory: string
  readonly #filler: string

  private constructor(directory: string) {
    this.directory = directory
    this.#filler = join(directory, 'filler')
  }

  /**
   * Mounts a file system of the given size until the test ends.
   *
   * @returns undefined if this process may not mount one
   */
  static mount(context: TestContext, bytes: number): SmallDisk | undefined {
    if (process.platform !== 'linux') return undefined
    const directory = mkdtempSync(join(tmpdir(), 'moonmeter-test-'))
    try {
      const type = ['-t', 'tmpfs', '-o', `size=${bytes}`]
      execFileSync('mount', [...type, 'tmpfs', directory], SILENT)
    } catch {
      rmSync(directory, { recursive: true })
      return undefined
    }
    context.after(() => {
      // Lazy, since programs may still use it.
      execFileSync('umount', ['-l', directory], SILENT)
      rmSync(directory, { recursive: true })
    })
    return new SmallDisk(directory)
  }

  /** Fills the disk. */
  fill(): void {
    try {
      for (;;) writeFileSync(this.#filler, Buffer.alloc(CHUNK_BYTES), { flag: 'a' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }

  /** Frees the space again. */
  empty(): void {
    rmSync(this.#filler)
  }
}
