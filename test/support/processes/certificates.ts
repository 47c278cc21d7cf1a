import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { temporaryDirectory } from './command.js'
import { isOnPath } from './on-path.js'

const NAME = 'openssl'
/** The reason to skip tests; false in CI, where an absent program is a failure. */
export const CERTIFICATES_SKIP =
  !isOnPath(NAME) && process.env.CI !== 'true'
    ? `${NAME} not found; apt-get install openssl`
    : false

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** A certificate and its key: paths of files of PEM. */
export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
}

/** An authority that signs certificates. */
export interface Authority extends Certificate {
  /** Creates a certificate for a host or a client. */
  sign(name: string): Certificate
}

/** Creates an authority. Its files are removed after the test. */
export function makeAuthority(context: TestContext): Authority {
  const directory = temporaryDirectory(context)
  const make = (name: string, signer?: Certificate): Certificate => {
    const [certFile, keyFile] = ['cert', 'key'].map((kind) =>
      join(directory, `${name}-${kind}.pem`),
    ) as [string, string]
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
    const signedBy = signer === undefined ? [] : ['-CA', signer.certFile, '-CAkey', signer.keyFile]
    const files = ['-keyout', keyFile, '-out', certFile]
    execFileSync(NAME, ['req', '-x509', ...EC_KEY, ...subject, ...signedBy, ...files], {
      stdio: 'ignore',
    })
    return { certFile, keyFile }
  }
  const own = make('authority')
  return { ...own, sign: (name) => make(name, own) }
}
