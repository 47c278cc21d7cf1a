/** A declaration in API Extractor's `.api.json`, with the fields that the tests use. */
export interface ApiItem {
  readonly kind: string
  readonly name?: string
  readonly docComment?: string
  /** It contains `!~` before the name of a declaration that is not exported. */
  readonly canonicalReference?: string
  /** The declaration in pieces: text, and references to other declarations. */
  readonly excerptTokens?: readonly { readonly text: string }[]
  readonly members?: readonly ApiItem[]
}
